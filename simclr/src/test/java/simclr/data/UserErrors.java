package simclr.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Claims about errors that a user sees. */
public final class UserErrors {
  private UserErrors() {}

  /** Runs what must fail with an exit code; returns its one sentence for further claims. */
  public static AbstractStringAssert<?> assertFails(ExitCode exitCode, ThrowingCallable call) {
    UserException error = catchThrowableOfType(UserException.class, call);
    assertThat(error).isNotNull();
    assertThat(error.exitCode()).isEqualTo(exitCode);
    return assertThat(error.getMessage()).doesNotContain("\n").doesNotContain("%s");
  }
}
