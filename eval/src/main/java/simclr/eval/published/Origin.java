package simclr.eval.published;

/** Who published a result. */
public enum Origin {
  PAPER("paper"),
  RELEASE("release"),
  OTHER("other");

  private final String label;

  Origin(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
