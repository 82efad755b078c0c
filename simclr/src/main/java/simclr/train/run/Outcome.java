package simclr.train.run;

/** How a run ended, where it did not end with an error. */
public enum Outcome {
  DONE,
  /** Asked to stop, it has saved what it had. */
  INTERRUPTED
}
