package simclr.export.savedmodel;

import java.nio.file.Path;
import simclr.config.UserException;
import simclr.export.inspect.OperationScan;
import simclr.inference.RestoredModel;

/**
 * Writes a checkpoint as a TF2 SavedModel that is two things at once.
 *
 * <ul>
 *   <li>the released module: {@code model(images, trainable=False)} gives the dict of endpoints in
 *       Python; both calls can be differentiated, and {@code trainable=True} moves the averages;
 *   <li>servable: signatures {@code serving_default}, {@code project} and {@code image_bytes}.
 * </ul>
 *
 * <pre>{@code
 * ExportSource source = ExportSource.ofModelDir(Path.of("runs/pretrain"), System.out::println);
 * Path written = SavedModelExport.write(source, Path.of("exports"));
 * }</pre>
 */
public final class SavedModelExport {
  /** What servers and their requests call the model. */
  public static final String MODEL_NAME = "simclr";

  private SavedModelExport() {}

  /**
   * Writes {@code base/<step>}, loads it again and compares its answers with those of the model; it
   * gets its name only if they agree.
   *
   * @return the directory of the version; the step, or 1 for weights of step 0
   * @throws UserException CANNOT_WRITE if the version exists or cannot be written, DATA if the
   *     checkpoint does not fit the flags or is torn
   */
  public static Path write(ExportSource source, Path base) {
    return write(source, base, false);
  }

  /**
   * The same after an evaluation: a version that exists is replaced, and of all versions the newest
   * are kept.
   *
   * @param keep how many; 0 or less keeps all
   */
  public static Path writeAndRetain(ExportSource source, Path base, int keep) {
    Path written = write(source, base, true);
    VersionDirectory.retain(base, keep);
    return written;
  }

  private static Path write(ExportSource source, Path base, boolean replace) {
    long step = source.checkpoint().step();
    ModuleFunctions functions = new ModuleFunctions(source);
    try (VersionDirectory version = VersionDirectory.begin(base, Math.max(1, step), replace)) {
      SavedModelWriter writer = SavedModelWriter.of(functions, source.labels());
      ReloadCheck check;
      try (RestoredModel model = source.open()) {
        writer.write(version.aside(), model);
        check = ReloadCheck.expecting(source, functions, model);
      }
      WarmUp.write(version.aside(), writer.signatures(), source.config().imageSize());
      Manifest.of(source, writer, step).write(version.aside());
      OperationScan.requireHarmless(version.aside());
      check.run(version.aside());
      return version.publish();
    }
  }
}
