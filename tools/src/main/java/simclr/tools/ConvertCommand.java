package simclr.tools;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;
import simclr.export.convert.Conversion;
import simclr.export.convert.ConversionReport;
import simclr.export.convert.ConversionRequest;
import simclr.export.convert.ConversionRequest.Form;
import simclr.export.convert.ConversionRequest.Slots;

/** {@code convert}: weights from one form into another. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Converts weights: TF1 checkpoints, TF2 checkpoints, SavedModels and TF1 hub modules into TF1"
          + " or TF2 checkpoints, or the encoder into safetensors for PyTorch.",
      "The architecture is inferred from names and shapes. Every tensor is mapped, or listed with"
          + " the reason why not. What was written is read back and must give the same outputs on"
          + " fixed images; otherwise nothing is written. Foreign graphs are read, never run."
    })
final class ConvertCommand implements Callable<Integer> {
  private final Main main;

  @Option(
      names = "--from",
      paramLabel = "<path>",
      required = true,
      description =
          "A checkpoint's prefix or directory, or that of a SavedModel, of a hub module, or of an"
              + " export's versions, of which the newest is taken.")
  private Path from = Path.of("");

  @Option(
      names = "--to",
      paramLabel = "tf1|tf2|safetensors",
      required = true,
      description =
          "tf1: plain variable names; tf2: objects, as run reads and writes them; safetensors:"
              + " torchvision's names and layouts, encoder and classifier only.")
  private Form to = Form.TF2;

  @Option(
      names = "--output",
      paramLabel = "<dir>",
      required = true,
      description = "Directory to be made.")
  private Path output = Path.of("");

  @Option(
      names = "--ema",
      description =
          "Take the averaged copy of the weights (ema_model/...) that some TF1 checkpoints hold.")
  private boolean ema;

  @Option(
      names = "--slots",
      paramLabel = "auto|keep|drop",
      description =
          "LARS' momentum: auto keeps it in checkpoints and drops it for safetensors and --ema."
              + " What other optimizers keep differs between TF1 and TF2 and is dropped.")
  private Slots slots = Slots.AUTO;

  ConvertCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    ConversionReport report =
        Conversion.run(
            new ConversionRequest(ExportDirectory.versionOrSelf(from), to, output, ema, slots),
            main.reporter()::line);
    if (main.json()) {
      main.out().println(report.json());
    } else {
      report.lines().forEach(main.out()::println);
    }
    return ExitCode.OK.status();
  }
}
