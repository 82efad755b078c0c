package simclr.tools;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * SIGINT and SIGTERM as a request to stop: the run saves and returns. A second signal ends the
 * process at once. Closing brings the former handlers back.
 */
final class Interrupts implements AutoCloseable {
  private static final int NONE = 0;

  private final AtomicInteger received = new AtomicInteger(NONE);
  private final Map<String, Object> former = new LinkedHashMap<>();

  private Interrupts() {}

  /**
   * Installs the handlers.
   *
   * @param requestStop called on the first signal, in a thread of its own
   */
  static Interrupts install(Runnable requestStop) {
    Interrupts interrupts = new Interrupts();
    Map.of("INT", 2, "TERM", 15)
        .forEach(
            (name, number) -> {
              Object handler = Signals.handler(() -> interrupts.raised(number, requestStop));
              interrupts.former.put(name, Signals.handle(name, handler));
            });
    return interrupts;
  }

  /** 130 after SIGINT, 143 after SIGTERM: 128 + the signal's number, as shells have it. */
  OptionalInt status() {
    int number = received.get();
    return number == NONE ? OptionalInt.empty() : OptionalInt.of(status(number));
  }

  @Override
  public void close() {
    former.forEach(Signals::handle);
  }

  private void raised(int number, Runnable requestStop) {
    if (!received.compareAndSet(NONE, number)) {
      Runtime.getRuntime().halt(status(number));
    }
    requestStop.run();
  }

  private static int status(int signalNumber) {
    return 128 + signalNumber;
  }

  /**
   * {@code sun.misc.Signal} by reflection: shutdown hooks hear no second signal, and javac's
   * warning about this class, which every JDK since 9 exports, has no name to suppress.
   */
  private static final class Signals {

    static Object handler(Runnable raised) {
      Class<?> type = type("sun.misc.SignalHandler");
      return Proxy.newProxyInstance(
          type.getClassLoader(),
          new Class<?>[] {type},
          (proxy, method, args) -> {
            if (method.getName().equals("handle")) {
              raised.run();
              return null;
            }
            return method.invoke(raised, args);
          });
    }

    /** Returns the handler that was there before. */
    static Object handle(String name, Object handler) {
      try {
        Class<?> signal = type("sun.misc.Signal");
        Method handle = signal.getMethod("handle", signal, type("sun.misc.SignalHandler"));
        return handle.invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }

    private static Class<?> type(String name) {
      try {
        return Class.forName(name);
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
