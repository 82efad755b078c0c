package simclr.eval.report;

/** A piece of a page. What it shows is text to it: it escapes what it is given. */
public sealed interface Block
    permits BarChart,
        Folded,
        Grid,
        HeatMap,
        Key,
        Legend,
        LineChart,
        Paragraph,
        Picture,
        ScatterPlot,
        Table {

  /** The piece as HTML, with nothing that is loaded from elsewhere. */
  String html();
}
