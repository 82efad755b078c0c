package simclr.export.convert;

import java.nio.file.Path;

/**
 * What is to be converted.
 *
 * @param from a checkpoint of TF1 or TF2, a directory of such, a SavedModel or a hub module
 * @param to the form wanted
 * @param output directory to be made
 * @param ema whether the averaged copy of the weights is taken, where the file has one
 * @param slots what becomes of the optimizer's memory
 */
public record ConversionRequest(Path from, Form to, Path output, boolean ema, Slots slots) {

  /** Forms that can be written. */
  public enum Form {
    TF1,
    TF2,
    SAFETENSORS
  }

  /** What becomes of LARS' momentum. */
  public enum Slots {
    /** Kept in checkpoints, dropped in safetensors. */
    AUTO,
    KEEP,
    DROP
  }

  boolean keepsSlots() {
    return switch (slots) {
      case AUTO -> to != Form.SAFETENSORS && !ema;
      case KEEP -> true;
      case DROP -> false;
    };
  }
}
