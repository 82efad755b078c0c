package simclr.tools;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a command printed and returned, run in this process. */
record Outcome(int status, String out, String err) {

  static Outcome of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Outcome(status, out.toString(), err.toString());
  }
}
