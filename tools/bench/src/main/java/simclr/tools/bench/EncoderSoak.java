package simclr.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.Encoder;

/**
 * An {@code Encoder} that is loaded and closed, or asked, again and again, so that somebody can
 * watch the memory. Takes {@code --export} and {@code --images}, a folder of encoded images; obeys
 * {@code loads N}, {@code predictions N} and {@code quit}.
 */
public final class EncoderSoak implements AutoCloseable {
  private final Path export;
  private final List<byte[]> images = new ArrayList<>();
  private @Nullable Encoder open;
  private int next;

  private EncoderSoak(Path export, Path folder) throws IOException {
    this.export = export;
    List<Path> files;
    try (var list = Files.list(folder)) {
      files = list.sorted().toList();
    }
    for (Path file : files) {
      images.add(Files.readAllBytes(file));
    }
  }

  /** Answers until standard input ends. */
  public static void main(String[] args) {
    Dialogue.main(args, EncoderSoak::run);
  }

  private static void run(Dialogue.Flags flags) throws IOException {
    try (EncoderSoak soak =
        new EncoderSoak(Path.of(flags.take("export")), Path.of(flags.take("images")))) {
      Dialogue.answer(soak::answer);
    }
  }

  private Map<String, ?> answer(List<String> words) {
    int count = Integer.parseInt(words.get(1));
    Map<String, Object> answer =
        switch (words.get(0)) {
          case "loads" -> new LinkedHashMap<>(Dialogue.timed(count, this::load));
          case "predictions" -> predictions(count);
          default ->
              throw new UserException(
                  ExitCode.USAGE,
                  "'%s' is not understood, expected loads, predictions or quit",
                  words.get(0));
        };
    answer.put("resident_mib", Dialogue.residentMib());
    return answer;
  }

  private void load() {
    try (Encoder encoder = Encoder.load(export)) {
      predict(encoder);
    }
  }

  private Map<String, Object> predictions(int count) {
    Encoder encoder = open == null ? Encoder.load(export) : open;
    open = encoder;
    return new LinkedHashMap<>(Dialogue.timed(count, () -> predict(encoder)));
  }

  /** Encoded images and pixels by turns. */
  private void predict(Encoder encoder) {
    int size = encoder.imageSize();
    float[][] h =
        next % 2 == 0
            ? encoder.embedEncoded(List.of(images.get(next / 2 % images.size())))
            : encoder.embedPixels(new float[size * size * 3], 1, size, size);
    if (h[0].length != encoder.representationSize()) {
      throw new IllegalStateException("a representation has the length " + h[0].length);
    }
    next++;
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
  }
}
