/** Prints the tests' result as one line, `N passed, N failed`, from Vitest's JSON report. A file that could not run counts as failed. */
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const unrun = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
).length;
const failed = report.numFailedTests + unrun;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
if (failed > 0 || report.numPassedTests === 0) process.exitCode = 1;
