package simclr.tools;

import java.lang.reflect.RecordComponent;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Flag;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * The flags of {@link RunConfig} as options of a command: the record is their only list.
 *
 * <p>Values stay text until the record reads them, so that a value is refused with the same words
 * whether it came from the command line or from a file.
 */
final class RunFlags {
  private final String command;
  private final Map<String, String> preset;
  private final List<String> required;
  private final BiPredicate<String, String> wanted;
  private final Map<String, String> given = new LinkedHashMap<>();

  /**
   * @param preset flags that the command's name stands for; another value for them is an error
   */
  RunFlags(String command, Map<String, String> preset) {
    this(command, preset, List.of());
  }

  /**
   * @param required flags without default that must be given
   */
  RunFlags(String command, Map<String, String> preset, List<String> required) {
    this(command, preset, required, (name, group) -> true);
  }

  private RunFlags(
      String command,
      Map<String, String> preset,
      List<String> required,
      BiPredicate<String, String> wanted) {
    this.command = command;
    this.preset = preset;
    this.required = required;
    this.wanted = wanted;
  }

  /**
   * The flags of a command that takes some of them.
   *
   * @param wanted asked with the name of each flag and its group
   */
  static RunFlags some(String command, BiPredicate<String, String> wanted) {
    return new RunFlags(command, Map.of(), List.of(), wanted);
  }

  /** The flags that were given, as text by name. */
  Map<String, String> given() {
    return Collections.unmodifiableMap(given);
  }

  /** Adds an option for every flag, in the groups that the record names. */
  void addTo(CommandSpec spec) {
    Map<String, List<RecordComponent>> groups =
        RunConfig.flags().stream()
            .filter(flag -> wanted.test(RunConfig.flagName(flag), group(flag)))
            .collect(
                Collectors.groupingBy(RunFlags::group, LinkedHashMap::new, Collectors.toList()));
    int order = 0;
    for (Map.Entry<String, List<RecordComponent>> group : groups.entrySet()) {
      ArgGroupSpec.Builder options =
          ArgGroupSpec.builder()
              .validate(false)
              .multiplicity("0..1")
              .order(order++)
              .heading("%n" + group.getKey() + "%n");
      for (RecordComponent flag : group.getValue()) {
        options.addArg(option(flag));
        if (flag.getType() == boolean.class) {
          options.addArg(negation(flag));
        }
      }
      spec.addArgGroup(options.build());
    }
  }

  /**
   * What the flags say.
   *
   * @throws UserException if a value does not parse, is out of range or contradicts the command
   */
  RunConfig config() {
    Map<String, String> flags = new LinkedHashMap<>(given);
    preset.forEach(
        (name, value) -> {
          String other = flags.getOrDefault(name, value);
          if (!other.equals(value)) {
            throw new UserException(
                ExitCode.USAGE,
                "--%s is \"%s\", expected %s with the command %s; the command run takes any",
                name,
                other,
                value,
                command);
          }
          flags.put(name, value);
        });
    for (String name : required) {
      if (flags.getOrDefault(name, "").isEmpty()) {
        throw new UserException(
            ExitCode.USAGE, "--%s is missing, expected one with the command %s", name, command);
      }
    }
    return RunConfig.of(flags);
  }

  private static String group(RecordComponent flag) {
    return flag.getAnnotation(Flag.class).group();
  }

  private OptionSpec option(RecordComponent flag) {
    String name = RunConfig.flagName(flag);
    OptionSpec.Builder option =
        OptionSpec.builder("--" + name)
            .type(String.class)
            .paramLabel("<" + RunConfig.valueName(flag) + ">")
            .description(help(flag).replace("%", "%%"))
            .setter(setter(name));
    if (flag.getType() == boolean.class) {
      option.arity("0..1").fallbackValue("true");
    }
    return option.build();
  }

  /** {@code --nouse_blur}, as absl has it. */
  private OptionSpec negation(RecordComponent flag) {
    String name = RunConfig.flagName(flag);
    return OptionSpec.builder("--no" + name)
        .type(String.class)
        .arity("0")
        .fallbackValue("false")
        .hidden(true)
        .setter(setter(name))
        .build();
  }

  private String help(RecordComponent flag) {
    Flag annotation = flag.getAnnotation(Flag.class);
    String set = preset.get(RunConfig.flagName(flag));
    String value = annotation.value().isEmpty() ? "none" : annotation.value();
    return annotation.help() + (set == null ? " Default: " + value + "." : " Here: " + set + ".");
  }

  private ISetter setter(String name) {
    return new ISetter() {
      @Override
      public <T> T set(T value) {
        // picocli also resets options, with null, before it parses.
        if (value != null) {
          given.put(name, value.toString());
        }
        return value;
      }
    };
  }
}
