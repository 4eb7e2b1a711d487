/** Prints one line: what was aimed at, what came out. */
export function goal(what, limit, measured, isReached = measured <= limit) {
  console.log(
    `${isReached ? 'reached' : 'MISSED '}  ${what}: ${measured.toFixed(3)} (goal ${limit})`,
  );
}
