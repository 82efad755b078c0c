package simclr.eval.published;

import com.google.common.base.Ascii;

/** How the learning rate grows with the batch. */
public enum Scaling implements Term {
  LINEAR,
  SQRT;

  static Scaling parse(String words) {
    return valueOf(Ascii.toUpperCase(words));
  }

  @Override
  public String words() {
    return Ascii.toLowerCase(name());
  }
}
