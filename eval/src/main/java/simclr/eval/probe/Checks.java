package simclr.eval.probe;

import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** The ranges that settings of protocols share. */
public final class Checks {
  private Checks() {}

  public static void require(boolean holds, String template, Object... args) {
    if (!holds) {
      throw new UserException(ExitCode.USAGE, template, args);
    }
  }

  public static void share(String flag, double value) {
    require(value > 0 && value < 1, "%s is %s, expected a value above 0 and below 1", flag, value);
  }

  public static void positive(String flag, double value) {
    require(
        value > 0 && Double.isFinite(value),
        "%s is %s, expected a finite value above 0",
        flag,
        value);
  }

  public static void notNegative(String flag, double value) {
    require(
        value >= 0 && Double.isFinite(value),
        "%s is %s, expected a finite value of 0 or more",
        flag,
        value);
  }

  public static void atLeastOne(String flag, int value) {
    require(value >= 1, "%s is %s, expected 1 or more", flag, value);
  }
}
