package simclr.config;

import java.util.Optional;
import simclr.config.RunConfig.Flag;

/**
 * Which part of the training split is taken, for learning from few labels (SimCLR section 6,
 * appendix B.5).
 */
public record LabelSubset(
    @Flag(
            group = "Data",
            value = "",
            help =
                "File of the images of --train_split to train on, one a line: a TFDS record's"
                    + " file_name or id, or an image file's name or path in its folder.")
        Optional<String> trainSubset,
    @Flag(
            group = "Data",
            value = "1",
            help =
                "finetune: share of each class to train on, at least one image of it; with"
                    + " --teacher the share whose labels are known.")
        double labelFraction,
    @Flag(
            group = "Data",
            value = "0",
            help = "Chooses other images for --label_fraction; a larger share contains a smaller.")
        int subsetSeed) {

  public LabelSubset {
    RunConfig.check(
        labelFraction > 0 && labelFraction <= 1,
        "--label_fraction is %s, expected a value in (0, 1]",
        labelFraction);
  }
}
