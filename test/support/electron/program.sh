#!/bin/sh
# The stand-in behind Electron's own command line, as Playwright's driver starts it: switches, -r HOOK, the app's folder, its words.
here=$(dirname "$(readlink -f "$0")")
given="$*"
hook=''
app=''
for word; do
  case $word in
    *.cjs) hook=$word ;;
    -*) ;;
    *) app=$word; break ;;
  esac
done
case $given in *--inspect=0*) inspect=--inspect=0 ;; esac
exec node --disable-warning=ExperimentalWarning $inspect --import "$here/register.ts" --import "$hook" "$app/out/app/main.cjs" "$@"
