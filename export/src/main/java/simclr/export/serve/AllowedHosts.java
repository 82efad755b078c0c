package simclr.export.serve;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.net.InetAddresses;
import com.sun.net.httpserver.Headers;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * The names under which the server answers.
 *
 * <p>A server on the loopback interface is within reach of every web page that a browser on this
 * machine shows. {@code Host} gives away a foreign name that its owner points at 127.0.0.1 (DNS
 * rebinding); {@code Origin} and {@code Sec-Fetch-Site} give away the page of another site.
 */
final class AllowedHosts {
  private static final Pattern AUTHORITY =
      Pattern.compile("(\\[[0-9a-f:.]+]|[a-z0-9._-]+?)\\.?(?::([0-9]{0,5}))?");
  private static final Pattern ORIGIN = Pattern.compile("https?://([^/?#@]+)");
  private static final ImmutableSet<String> OWN_SITE = ImmutableSet.of("same-origin", "none");

  private final ImmutableSet<String> names;

  /**
   * @param names beside those of the loopback interface, {@link #requireNames}
   */
  AllowedHosts(List<String> names) {
    this.names =
        names.stream()
            .map(name -> Authority.parse(name).orElseThrow().name())
            .collect(ImmutableSet.toImmutableSet());
  }

  /**
   * Checks what {@code --allowed_hosts} lists.
   *
   * @throws UserException (usage) if one is not the name of a host, or has a port
   */
  static void requireNames(List<String> names) {
    for (String name : names) {
      Optional<Authority> authority = Authority.parse(name);
      if (authority.isEmpty() || !authority.get().port().isEmpty() || name.endsWith(":")) {
        throw new UserException(
            ExitCode.USAGE,
            "--allowed_hosts has \"%s\", expected names of hosts without a port, separated by"
                + " commas",
            name);
      }
    }
  }

  /**
   * A host as {@code Host} and {@code Origin} name it.
   *
   * @param name in lower case, without the dot that may end it
   * @param port empty if none is given
   */
  private record Authority(String name, String port) {
    static Optional<Authority> parse(String text) {
      Matcher matcher = AUTHORITY.matcher(text.toLowerCase(Locale.ROOT));
      return matcher.matches()
          ? Optional.of(
              new Authority(matcher.group(1), Optional.ofNullable(matcher.group(2)).orElse("")))
          : Optional.empty();
    }

    boolean isSameHost(Authority other) {
      return name.equals(other.name) || (isLoopback() && other.isLoopback());
    }

    /** Whether it is localhost or an address of the loopback interface. */
    boolean isLoopback() {
      String address = name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
      return name.equals("localhost")
          || (InetAddresses.isInetAddress(address)
              && name.startsWith("[") == address.contains(":")
              && InetAddresses.forString(address).isLoopbackAddress());
    }
  }

  /**
   * Refuses what a page of another site may have sent.
   *
   * @param target of the request, which names a host too where the request goes through a proxy
   * @throws HttpError if the host is not one of the names, or the request comes from another origin
   */
  void require(Headers headers, URI target) {
    List<String> hosts = values(headers, "Host");
    if (hosts.size() != 1) {
      throw forbidden("the request has %s Host headers, expected one", hosts.size());
    }
    Authority host = requireAllowed("Host", hosts.get(0));
    if (target.getRawAuthority() != null) {
      requireAllowed("the host in the address", target.getRawAuthority());
    }
    for (String origin : values(headers, "Origin")) {
      requireOwn(origin, host);
    }
    for (String site : values(headers, "Sec-Fetch-Site")) {
      if (!OWN_SITE.contains(site.toLowerCase(Locale.ROOT))) {
        throw forbidden(
            "Sec-Fetch-Site is \"%s\", expected same-origin: pages of other sites get no answer",
            site);
      }
    }
  }

  private Authority requireAllowed(String what, String value) {
    return Authority.parse(value)
        .filter(authority -> authority.isLoopback() || names.contains(authority.name()))
        .orElseThrow(
            () ->
                forbidden(
                    "%s is \"%s\", expected localhost, 127.0.0.1, [::1] or a name that"
                        + " --allowed_hosts lists",
                    what, value));
  }

  private static void requireOwn(String origin, Authority host) {
    Matcher matcher = ORIGIN.matcher(origin.toLowerCase(Locale.ROOT));
    boolean own =
        matcher.matches()
            && Authority.parse(matcher.group(1))
                .filter(page -> page.port().equals(host.port()) && page.isSameHost(host))
                .isPresent();
    if (!own) {
      throw forbidden(
          "Origin is \"%s\", expected none: pages of other sites get no answer", origin);
    }
  }

  private static List<String> values(Headers headers, String name) {
    List<String> values = headers.get(name);
    return values == null ? ImmutableList.of() : values;
  }

  private static HttpError forbidden(String template, Object... args) {
    return new HttpError(HttpError.FORBIDDEN, template, args);
  }
}
