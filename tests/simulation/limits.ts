/** Attempts of a job in all. */
export const attemptsMax = 3;
/** How long a job may wait for a backend; a client that holds its connection open, half of it. */
export const longestWaitMs = 60_000;
