package simclr.export.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.Reporter;
import simclr.export.TestExport;
import simclr.export.bundle.TimeLimits;

/** What a page, a broken client or an attacker may send; after each the server answers others. */
@TestInstance(Lifecycle.PER_CLASS)
final class HostileRequestsTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @SuppressWarnings("NullAway.Init")
  private ModelServer server;

  @BeforeAll
  void start() {
    server =
        ModelServer.start(
            new ServeSettings(
                TestExport.version(),
                "simclr",
                0,
                4,
                Duration.ofMillis(1),
                100,
                Duration.ofMillis(50),
                8 << 20,
                ImmutableList.of(),
                TimeLimits.DEFAULT),
            Reporter.lines(line -> {}));
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "Host: evil.com => 403",
        "Host: localhost => 200",
        "Host: localhost|Host: evil.com => 403",
        "X-Host: localhost => 403",
        "Host: localhost|Origin: http://evil.com => 403",
        "Host: localhost|Origin: null => 403",
        "Host: localhost|Origin: http://localhost => 200",
        "Host: localhost|Sec-Fetch-Site: cross-site => 403",
      })
  void pageOfAnotherSiteGetsNothing(String headers, int status) throws IOException {
    for (String method : List.of("GET", "POST", "OPTIONS")) {
      String answer =
          ask(
              method
                  + (method.equals("POST")
                      ? " /v1/models/simclr:predict HTTP/1.1\r\n"
                      : " /v1/models/simclr HTTP/1.1\r\n")
                  + headers.replace("|", "\r\n")
                  + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      // An empty body and OPTIONS are bad requests where they are let in.
      assertThat(status(answer)).isEqualTo(status == 200 && !method.equals("GET") ? 400 : status);
      assertThat(Ascii.toLowerCase(answer)).doesNotContain("access-control");
      if (status == 403) {
        assertThat(answer).contains("expected").doesNotContain("AVAILABLE");
      }
    }
  }

  @Test
  void forbiddenRequestIsNotReadToItsEnd() throws IOException {
    try (Socket socket = connect()) {
      socket
          .getOutputStream()
          .write(
              String.join(
                      "\r\n",
                      "POST /v1/models/simclr:predict HTTP/1.1",
                      "Host: evil.com",
                      "Content-Length: 2000000000",
                      "",
                      "")
                  .getBytes(UTF_8));
      byte[] part = new byte[1 << 20];
      long sent = 0;
      try {
        for (; sent < 200L << 20; sent += part.length) {
          socket.getOutputStream().write(part);
        }
      } catch (SocketException e) {
        // The connection was closed, as it should be.
      }
      assertThat(sent).isLessThan(100L << 20);
    }
    assertAnswers();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inputs\":{NAMES}}",
        "{\"instances\":[{NAMES}]}",
        "{\"instances\":[{\"inputs\":[[[0,0,0]]]},{NAMES}]}",
        "{NAMES,\"instances\":[1]}",
        "{\"signature_name\":\"image_bytes\",\"inputs\":{NAMES}}",
      })
  void manyNamesAreNotListed(String template) throws IOException {
    StringBuilder names = new StringBuilder(4 << 20);
    for (int i = 0; i < 300_000; i++) {
      names.append(i == 0 ? "" : ",").append("\"n").append(i).append("\":0");
    }
    String answer = predict(template.replace("NAMES", names));
    assertThat(status(answer)).isEqualTo(400);
    assertThat(answer).hasSizeLessThan(2000);
    assertAnswers();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inputs\":{\"LONG\":[1]}}",
        "{\"instances\":[{\"LONG\":1}]}",
        "{\"signature_name\":\"LONG\",\"instances\":[1]}",
        "{\"instances\":\"LONG\"}",
        "{\"signature_name\":LONG}",
        "LONG",
        "{\"instances\":[{\"b64\":\"*LONG\"}]}",
        "{\"instances\":[{\"b64\":1LONG}]}",
      })
  void whatTheBodyHoldsIsQuotedInPart(String template) throws IOException {
    String answer = predict(template.replace("LONG", "1".repeat(3_000_000)));
    assertThat(status(answer)).isEqualTo(400);
    assertThat(answer).hasSizeLessThan(2000);
  }

  @Test
  void longPathAndManyHeadersAreRefused() throws IOException {
    assertThat(ask("GET /" + "a".repeat(300_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .hasSizeLessThan(2000)
        .doesNotContain("200 OK");
    StringBuilder headers = new StringBuilder("GET /v1/models/simclr HTTP/1.1\r\nHost: localhost");
    for (int i = 0; i < 100_000; i++) {
      headers.append("\r\nX-").append(i).append(": 1");
    }
    assertThat(ask(headers + "\r\n\r\n")).doesNotContain("200 OK");
    assertAnswers();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models/../../etc/passwd HTTP/1.1",
        "GET /v1/models/simclr/versions/../../../etc/passwd HTTP/1.1",
        "GET /v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1",
        "GET /v1/models/simclr/versions/1/../1/metadata HTTP/1.1",
        "GET //v1/models/simclr HTTP/1.1",
        "GET /v1/models/simclr/ HTTP/1.1",
        "GET /v1/models/simclr/versions/99999999999999999999 HTTP/1.1",
        "GET /v1/models/simclr/versions/-1 HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /v1/models/simclr%00 HTTP/1.1",
        "TRACE /v1/models/simclr HTTP/1.1",
        "CONNECT localhost:1 HTTP/1.1",
        "GET /v1/models/simclr",
        "GET",
        "",
        "\u0000\u0001\u0002",
        "PRI * HTTP/2.0",
      })
  void requestLineThatIsNoneGetsNoModel(String line) throws IOException {
    String answer = ask(line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n", true);
    assertThat(answer).doesNotContain("200 OK").doesNotContain("root:");
    assertAnswers();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: -1",
        "Content-Length: -9223372036854775808",
        "Content-Length: 99999999999999999999",
        "Content-Length: 1e3",
        "Content-Length: 0x10",
        "Content-Length:",
        "Content-Length: 4|Content-Length: 5",
        "Transfer-Encoding: chunked|Content-Length: 4",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, chunked",
      })
  void lengthThatIsNoneIsRefused(String header) throws IOException {
    String answer =
        ask(
            "POST /v1/models/simclr:predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + header.replace("|", "\r\n")
                + "\r\n\r\n{}\r\n",
            true);
    assertThat(answer).doesNotContain("200 OK");
    assertAnswers();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1\r\n{}\r\n", "ffffffffffffffff\r\n{}", "x\r\n{}", "7fffffff0\r\n{}"})
  void chunkLengthThatIsNoneIsRefused(String chunks) throws IOException {
    String answer =
        ask(
            "POST /v1/models/simclr:predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + chunks,
            true);
    assertThat(answer).doesNotContain("200 OK");
    assertAnswers();
  }

  @Test
  void nestingOfMillionsIsRefused() throws IOException {
    for (String open : List.of("[", "{\"a\":")) {
      for (String start : List.of("", "{\"instances\":", "{\"inputs\":{\"inputs\":", "{\"x\":")) {
        String answer = predict(start + open.repeat(1_200_000));
        assertThat(status(answer)).isEqualTo(400);
      }
    }
    assertAnswers();
  }

  @Test
  void hugePngAndGifOfThousandsOfFramesAreRefusedOrAnswered() throws IOException {
    byte[] huge = TestExport.png(1, 16, 16);
    byte[] side = {0, 0, (byte) 0xc3, 0x50};
    System.arraycopy(side, 0, huge, 16, 4);
    System.arraycopy(side, 0, huge, 20, 4);
    String answer = predict(images(huge));
    assertThat(status(answer)).isEqualTo(400);
    assertThat(answer).contains("has 50000 x 50000 pixels");
    // Frames behind the first are not looked at.
    assertThat(status(predict(images(gif(5000))))).isIn(200, 400);
    assertAnswers();
  }

  @Test
  void onlyTheLoopbackInterfaceIsListenedOn() throws IOException {
    for (NetworkInterface network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      for (InetAddress address : Collections.list(network.getInetAddresses())) {
        if (!address.isLoopbackAddress()) {
          assertThat(connects(address)).as("%s", address).isFalse();
        }
      }
    }
    assertThat(connects(InetAddress.getLoopbackAddress())).isTrue();
  }

  /** Unfinished bodies, unfinished headers, and connections on which nothing is sent. */
  @Test
  void unfinishedRequestsKeepNobodyWaiting() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      String head =
          "POST /v1/models/simclr:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n";
      for (int i = 0; i < 1200; i++) {
        Socket socket = connect();
        sockets.add(socket);
        socket
            .getOutputStream()
            .write((i % 3 == 0 ? head : i % 3 == 1 ? head + "\r\n{" : "").getBytes(UTF_8));
      }
      assertAnswers();
      // One of each kind is ended by the server, which takes its time.
      for (Socket socket : sockets.subList(0, 3)) {
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        assertThat(rest(socket)).doesNotContain("200 OK");
      }
      assertAnswers();
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private void assertAnswers() throws IOException {
    assertThat(status(predict(images(TestExport.png(1, 16, 16))))).isEqualTo(200);
  }

  private static String images(byte[]... images) {
    StringBuilder json = new StringBuilder("{\"signature_name\":\"image_bytes\",\"instances\":[");
    for (byte[] image : images) {
      json.append("{\"b64\":\"").append(Base64.getEncoder().encodeToString(image)).append("\"}");
    }
    return json.append("]}").toString();
  }

  /** Frames of one pixel. */
  private static byte[] gif(int frames) {
    ByteArrayOutputStream gif = new ByteArrayOutputStream();
    gif.writeBytes("GIF89a".getBytes(UTF_8));
    gif.writeBytes(new byte[] {1, 0, 1, 0, (byte) 0x80, 0, 0, 0, 0, 0, -1, -1, -1});
    byte[] frame = {0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0};
    IntStream.range(0, frames).forEach(i -> gif.writeBytes(frame));
    gif.write(0x3b);
    return gif.toByteArray();
  }

  private String predict(String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    return ask(
        "POST /v1/models/simclr:predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Length: "
            + bytes.length
            + "\r\n\r\n"
            + body);
  }

  private String ask(String request) throws IOException {
    return ask(request, false);
  }

  /** Sends bytes and reads until the server closes. */
  private String ask(String request, boolean end) throws IOException {
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      try {
        out.write(request.getBytes(UTF_8));
        out.flush();
        if (end) {
          socket.shutdownOutput();
        }
      } catch (SocketException e) {
        // The answer may have come before the end of the request.
      }
      return rest(socket);
    }
  }

  private static String rest(Socket socket) throws IOException {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(answer);
    } catch (SocketException e) {
      // Closed by the server while it was still being sent to.
    }
    return answer.toString(ISO_8859_1);
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    return socket;
  }

  private boolean connects(InetAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, server.port()), 2000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static int status(String answer) {
    assertThat(answer).startsWith("HTTP/1.1 ");
    return Integer.parseInt(answer.substring(9, 12));
  }
}
