package simclr.parity;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A file of numbers that the reference computed, in one of the formats of {@code testdata/golden}.
 *
 * <p>Checking it computes every number again with the product's own code and compares. Nothing of a
 * file is passed over: a field that is not understood is an error of the file.
 */
final class GoldenFile {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build();

  private final Path path;
  private final JsonNode content;
  private final Kind kind;

  private GoldenFile(Path path, JsonNode content) {
    this.path = path;
    this.content = content;
    this.kind = Kind.of(fields());
  }

  /**
   * Reads a file and tells its format by its content.
   *
   * @throws UserException with {@link ExitCode#NO_INPUT} if there is no such file, with {@link
   *     ExitCode#DATA} if it is not a golden file
   */
  static GoldenFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is a directory, expected a golden file", path);
    }
    try {
      return of(path, JSON.readTree(Files.readAllBytes(path)));
    } catch (NoSuchFileException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s does not exist, expected a golden file", path);
    } catch (JsonProcessingException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s is not valid JSON, expected a golden file: %s",
          path,
          e.getOriginalMessage());
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read: %s", path, e);
    }
  }

  /** The same from content that is in memory. */
  static GoldenFile of(Path path, JsonNode content) {
    return new GoldenFile(path, content);
  }

  /** The format, e.g. {@code step} or {@code loss-contrastive}. */
  String kind() {
    return kind.title();
  }

  /**
   * Computes and compares everything that the file holds.
   *
   * @throws UserException if the file asks for what does not exist or has fields that are not
   *     understood
   */
  FileReport check() {
    long start = System.nanoTime();
    Checks checks = new Checks();
    Fields fields = fields();
    fields.ifAny("kind", fields::text);
    kind.check().check(fields, checks);
    fields.done();
    double seconds = (System.nanoTime() - start) / 1e9;
    return new FileReport(
        path.toString(), kind.title(), seconds, checks.verdicts(), checks.notes());
  }

  /** The content; it has to be read to the end. */
  Fields fields() {
    return Fields.of(path, content);
  }
}
