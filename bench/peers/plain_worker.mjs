// Runs in: worker
export const square = (x) => x * x;
