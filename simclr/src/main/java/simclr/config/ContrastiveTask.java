package simclr.config;

import simclr.config.RunConfig.Flag;

/** The contrastive losses of the paper's comparison (SimCLR section 5.1, Tables 2 and 4). */
public record ContrastiveTask(
    @Flag(
            group = "Objective",
            value = "nt_xent",
            help =
                "Contrastive loss; the others are those that the paper compares it with."
                    + " margin_triplet takes --margin instead of --temperature.")
        Loss contrastiveLoss,
    @Flag(
            group = "Objective",
            value = "false",
            help =
                "Take negatives from the other view only, as the paper's comparison of losses does.")
        boolean oneViewNegatives,
    @Flag(
            group = "Objective",
            value = "false",
            help =
                "nt_logistic, margin_triplet: of the negatives farther than the positive only the"
                    + " nearest, for margin_triplet within the margin.")
        boolean semiHardNegatives,
    @Flag(
            group = "Objective",
            value = "0.4",
            help = "margin_triplet: by how much a positive must be more similar than a negative.")
        double margin) {

  /** The losses. */
  public enum Loss {
    NT_XENT,
    NT_LOGISTIC,
    MARGIN_TRIPLET
  }

  public ContrastiveTask {
    RunConfig.check(
        margin >= 0 && Double.isFinite(margin),
        "--margin is %s, expected a finite value of 0 or more",
        margin);
    RunConfig.check(
        contrastiveLoss != Loss.NT_XENT || !semiHardNegatives,
        "--semi_hard_negatives is true, expected false with --contrastive_loss=nt_xent, which"
            + " weighs negatives by their hardness itself");
    RunConfig.check(
        contrastiveLoss != Loss.MARGIN_TRIPLET || !semiHardNegatives || margin > 0,
        "--margin is %s, expected a value above 0 with --semi_hard_negatives: no negative lies"
            + " within a margin of 0",
        margin);
  }

  /** Whether it is the reference's loss. */
  boolean isDefault() {
    return contrastiveLoss == Loss.NT_XENT && !oneViewNegatives && !semiHardNegatives;
  }
}
