// Runs in: worker
import { ThreadWorker } from "poolifier";
export default new ThreadWorker({ square: (x) => x * x });
