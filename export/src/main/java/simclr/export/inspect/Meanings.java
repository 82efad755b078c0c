package simclr.export.inspect;

/** What the outputs of SimCLR models are, by the names that the releases gave them. */
final class Meanings {
  /** What every SimCLR model takes. */
  static final String INPUT =
      "float32 RGB in [0, 1], shape (n, height, width, 3), without mean or deviation normalisation";

  private Meanings() {}

  /** Empty for a name that is none of theirs. */
  static String of(String output) {
    if (output.matches("block_group[1-4]")) {
      return "output of block group " + output.charAt(output.length() - 1);
    }
    if (output.matches("head_layer_[0-9]+")) {
      return "the projection head after its layer " + output.substring("head_layer_".length());
    }
    return switch (output) {
      case "initial_conv" -> "the stem's convolution, before batch norm";
      case "initial_max_pool" -> "the stem, after batch norm, ReLU and, in large stems, max pool";
      case "final_avg_pool" -> "h, the representation";
      case "representation" -> "h, the representation (final_avg_pool)";
      case "proj_head_input" -> "h, as the projection head takes it";
      case "proj_head_output" -> "z, the projection, before it is scaled to length 1";
      case "projection" -> "z, the projection, before it is scaled to length 1 (proj_head_output)";
      case "logits_sup", "logits" -> "logits of the supervised head";
      case "class_names" -> "names of the classes, in the order of the logits";
      case "default" -> "whatever the module's maker chose; read final_avg_pool instead";
      default -> "";
    };
  }
}
