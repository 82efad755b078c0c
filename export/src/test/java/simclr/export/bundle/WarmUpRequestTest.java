package simclr.export.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorProto;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TfRecordFile;

final class WarmUpRequestTest {
  private static final ImmutableList<WarmUpRequest> REQUESTS =
      ImmutableList.of(
          new WarmUpRequest("serving_default", ImmutableMap.of("inputs", grey())),
          new WarmUpRequest("two", ImmutableMap.of("a", grey(), "b", text())));

  @TempDir Path export;

  @Test
  void requestsComeBackAsWritten() {
    WarmUpRequest.write(export, "simclr", REQUESTS);
    assertThat(read()).isEqualTo(REQUESTS);
  }

  @Test
  void anExportMayHaveNone() {
    assertThat(WarmUpRequest.forEach(export, (number, request) -> {})).isZero();
  }

  @Test
  void everyTruncationIsOneSentenceThatNamesTheFile() throws IOException {
    WarmUpRequest.write(export, "simclr", REQUESTS);
    Path file = WarmUpRequest.file(export);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    int first = 16 + length(whole);
    for (int length = 1; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      if (length == first) {
        assertThat(read()).isEqualTo(REQUESTS.subList(0, 1));
      } else {
        refused(file + " is truncated in record " + (length < first ? 0 : 1));
      }
    }
  }

  private static int length(byte[] file) {
    return (file[0] & 0xff) | file[1] << 8;
  }

  @Test
  void whatIsNotARequestIsNamedByItsNumber() throws IOException {
    Path file = WarmUpRequest.file(export);
    Files.createDirectories(file.getParent());
    for (byte[] odd : List.of(new byte[0], new byte[] {(byte) 0xff}, new byte[] {0x32, 0})) {
      try (OutputStream out = Files.newOutputStream(file)) {
        TfRecordFile.append(out, odd);
      }
      refused(file + ": request 1 " + (odd.length == 1 ? "is not a" : "has no predict request"));
    }
  }

  private void refused(String message) {
    assertThatThrownBy(this::read)
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageStartingWith(message);
  }

  private List<WarmUpRequest> read() {
    List<WarmUpRequest> requests = new ArrayList<>();
    int count =
        WarmUpRequest.forEach(
            export,
            (number, request) -> {
              requests.add(request);
              assertThat(number).isEqualTo(requests.size());
            });
    assertThat(count).isEqualTo(requests.size());
    return requests;
  }

  private static TensorProto grey() {
    return TensorProto.newBuilder().setDtype(DataType.DT_FLOAT).addFloatVal(0.5f).build();
  }

  private static TensorProto text() {
    return TensorProto.newBuilder()
        .setDtype(DataType.DT_STRING)
        .addStringVal(ByteString.copyFromUtf8("text"))
        .build();
  }
}
