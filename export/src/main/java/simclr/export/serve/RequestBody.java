package simclr.export.serve;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The body of a request, up to the length that the server takes. */
final class RequestBody extends FilterInputStream {
  /** How much of what nobody reads is thrown away before an answer, so that the client gets it. */
  static final long MOST_DISCARDED = 1L << 30;

  private final long limit;
  private long taken;

  RequestBody(InputStream in, long limit) {
    super(in);
    this.limit = limit;
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    count(value < 0 ? 0 : 1);
    return value;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int count = super.read(bytes, offset, length);
    count(Math.max(0, count));
    return count;
  }

  /**
   * Reads to the end, so that an answer reaches a client that is still sending.
   *
   * @param most bytes that are read
   */
  void discard(long most) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long discarded = 0;
    int count = 0;
    while (count >= 0 && discarded < most) {
      discarded += count;
      count = in.read(buffer);
    }
  }

  /** The answer to a body of more bytes. */
  static HttpError tooLarge(long limit) {
    return new HttpError(
        HttpError.TOO_LARGE,
        "the body is longer than %s MiB, expected fewer instances in a request, or a server with a"
            + " larger --max_body_mib",
        limit >> 20);
  }

  private void count(int bytes) {
    taken += bytes;
    if (taken > limit) {
      throw tooLarge(limit);
    }
  }
}
