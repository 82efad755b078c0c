package simclr.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Text files of users. Editors and shells of Windows put a byte order mark in front, and some write
 * UTF-16; without a mark it is UTF-8.
 */
public final class TextFile {
  private TextFile() {}

  /**
   * The lines of a file, however they end.
   *
   * @throws MalformedInputException if it is not text
   */
  public static List<String> lines(Path file) throws IOException {
    return text(file).lines().toList();
  }

  /**
   * All of a file.
   *
   * @throws MalformedInputException if it is not text
   */
  public static String text(Path file) throws IOException {
    return decode(Files.readAllBytes(file));
  }

  /**
   * All of a small file of a data set or a run, as {@link WholeFile} reads it.
   *
   * @throws IOException if it is a pipe, a device, too large, or not text
   */
  public static String whole(Path file) throws IOException {
    return decode(WholeFile.bytes(file));
  }

  /** Text in the encoding that its byte order mark tells, without the mark. */
  static String decode(byte[] bytes) throws IOException {
    if (startsWith(bytes, 0xef, 0xbb, 0xbf)) {
      return decode(bytes, 3, StandardCharsets.UTF_8);
    } else if (startsWith(bytes, 0xff, 0xfe)) {
      return decode(bytes, 2, StandardCharsets.UTF_16LE);
    } else if (startsWith(bytes, 0xfe, 0xff)) {
      return decode(bytes, 2, StandardCharsets.UTF_16BE);
    }
    return decode(bytes, 0, StandardCharsets.UTF_8);
  }

  private static String decode(byte[] bytes, int from, Charset charset) throws IOException {
    return charset
        .newDecoder()
        .decode(ByteBuffer.wrap(bytes, from, bytes.length - from))
        .toString();
  }

  private static boolean startsWith(byte[] bytes, int... mark) {
    if (bytes.length < mark.length) {
      return false;
    }
    for (int i = 0; i < mark.length; i++) {
      if (Byte.toUnsignedInt(bytes[i]) != mark[i]) {
        return false;
      }
    }
    return true;
  }
}
