package simclr.tools.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that each send the next request as soon as their last one is answered, on connections
 * that stay. As bare as can be: they share the machine with the server.
 */
final class LoadClients {
  private final int port;
  private final int clients;
  private final List<Request> requests;

  /**
   * @param requests sent by turns
   */
  LoadClients(int port, int clients, List<Request> requests) {
    this.port = port;
    this.clients = clients;
    this.requests = List.copyOf(requests);
  }

  /** What is sent, and the status that answers it. */
  static final class Request {
    private final byte[] bytes;
    private final int status;

    private Request(byte[] bytes, int status) {
      this.bytes = bytes;
      this.status = status;
    }

    /** A request for a prediction. */
    static Request of(String body, int status) {
      byte[] content = body.getBytes(StandardCharsets.UTF_8);
      byte[] head =
          String.format(
                  Locale.ROOT,
                  "POST /v1/models/simclr:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
                  content.length)
              .getBytes(StandardCharsets.US_ASCII);
      byte[] bytes = Arrays.copyOf(head, head.length + content.length);
      System.arraycopy(content, 0, bytes, head.length, content.length);
      return new Request(bytes, status);
    }
  }

  /** Sends so many requests in all, and says how fast they were answered. */
  Map<String, Object> run(int count) {
    AtomicInteger left = new AtomicInteger(count);
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    long start = System.nanoTime();
    try {
      List<Future<List<Long>>> all = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        all.add(threads.submit(() -> client(left)));
      }
      List<Long> nanos = new ArrayList<>();
      for (Future<List<Long>> each : all) {
        nanos.addAll(each.get());
      }
      double seconds = (System.nanoTime() - start) * 1e-9;
      nanos.sort(null);
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("images_per_second", nanos.size() / seconds);
      answer.put("p50_ms", nanos.get(nanos.size() / 2) * 1e-6);
      answer.put("p99_ms", nanos.get(nanos.size() * 99 / 100) * 1e-6);
      return answer;
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  private List<Long> client(AtomicInteger left) throws IOException {
    List<Long> nanos = new ArrayList<>();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
      OutputStream out = socket.getOutputStream();
      for (int number = left.getAndDecrement(); number > 0; number = left.getAndDecrement()) {
        Request request = requests.get(number % requests.size());
        long sent = System.nanoTime();
        out.write(request.bytes);
        requireAnswer(in, request.status);
        nanos.add(System.nanoTime() - sent);
      }
    }
    return nanos;
  }

  private static void requireAnswer(InputStream in, int expected) throws IOException {
    String status = line(in);
    int length = -1;
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(header.substring(header.indexOf(':') + 1).strip());
      }
    }
    byte[] body = in.readNBytes(length);
    if (!status.contains(" " + expected + " ")) {
      throw new IOException(
          status + ", expected " + expected + ": " + new String(body, StandardCharsets.UTF_8));
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("the server closed the connection");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
