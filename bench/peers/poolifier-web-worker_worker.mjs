// Runs in: worker
import { ThreadWorker } from "poolifier-web-worker";
export default new ThreadWorker({ square: (x) => x * x });
