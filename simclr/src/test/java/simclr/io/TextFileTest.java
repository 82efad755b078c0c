package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.primitives.Bytes;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Text as editors write it. */
final class TextFileTest {
  @TempDir private Path dir = Path.of("");

  @ParameterizedTest
  @CsvSource({"UTF-8, false", "UTF-8, true", "UTF-16LE, true", "UTF-16BE, true"})
  void byteOrderMarkTellsTheEncodingAndIsNotPartOfTheText(String charset, boolean mark)
      throws IOException {
    Path file = dir.resolve("text");
    Files.writeString(
        file, (mark ? "\uFEFF" : "") + "cat\r\nd\u00f6g\n\uFEFFowl", Charset.forName(charset));
    assertThat(TextFile.lines(file)).containsExactly("cat", "d\u00f6g", "\uFEFFowl");
  }

  @Test
  void emptyFileAndAMarkAloneHaveNoLines() throws IOException {
    assertThat(TextFile.lines(Files.createFile(dir.resolve("empty")))).isEmpty();
    assertThat(TextFile.decode(new byte[] {-1, -2})).isEmpty();
  }

  @Test
  void whatIsNoTextIsRefused() {
    byte[] latin = "d\u00f6g".getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> TextFile.decode(latin)).isInstanceOf(MalformedInputException.class);
    assertThatThrownBy(() -> TextFile.decode(Bytes.concat(new byte[] {-1, -2}, new byte[] {1})))
        .isInstanceOf(MalformedInputException.class);
  }
}
