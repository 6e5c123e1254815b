@echo off
rem The command sluice of the installed app: its own program, started with the words of the command.
"%~dp0..\..\Sluice.exe" %*
