package simclr.io;

import static com.google.common.io.MoreFiles.asByteSource;

import com.google.common.collect.Iterables;
import com.google.common.hash.Hashing;
import com.google.common.io.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** SHA-256 in hexadecimal, as {@code sha256sum} prints it. */
public final class Sha256 {
  private Sha256() {}

  /** Of a text in UTF-8. */
  public static String ofText(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  /** Of numbers as little-endian float32. */
  public static String ofFloats(float[] values) {
    ByteBuffer bytes = NpyDtype.FLOAT32.encode(values);
    return Hashing.sha256().hashBytes(bytes).toString();
  }

  /** Of the contents of files, one behind the other. */
  public static String ofFiles(Iterable<Path> files) throws IOException {
    return ByteSource.concat(Iterables.transform(files, file -> asByteSource(file)))
        .hash(Hashing.sha256())
        .toString();
  }
}
