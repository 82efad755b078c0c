package simclr.eval.report;

/**
 * A remark.
 *
 * @param text a few sentences
 */
public record Paragraph(String text) implements Block {
  @Override
  public String html() {
    return "<p class=\"caption\">" + HtmlReport.escape(text) + "</p>\n";
  }
}
