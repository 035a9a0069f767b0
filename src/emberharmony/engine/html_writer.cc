#include "emberharmony/engine/html_writer_internal.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine::internal {

namespace {

// Safe in text and in attributes in double quotes.
void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : ShownText(text)) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      case '\'':
        *out += "&#39;";
        break;
      default:
        *out += c;
    }
  }
}

}  // namespace

void HtmlWriter::Text(std::string_view text) { AppendEscaped(text, &html_); }

void HtmlWriter::Leaf(std::string_view tag, std::string_view text,
                      const HtmlAttributes& attributes) {
  Begin(tag, attributes);
  Text(text);
  End(tag);
}

void HtmlWriter::Void(std::string_view tag, const HtmlAttributes& attributes) {
  Begin(tag, attributes);
}

void HtmlWriter::Begin(std::string_view tag, const HtmlAttributes& attributes) {
  html_ += '<';
  html_ += tag;
  for (const HtmlAttribute& attribute : attributes) {
    html_ += ' ';
    html_ += attribute.name;
    html_ += "=\"";
    AppendEscaped(attribute.value, &html_);
    html_ += '"';
  }
  html_ += '>';
}

void HtmlWriter::End(std::string_view tag) {
  html_ += "</";
  html_ += tag;
  html_ += '>';
  // Lines keep the page readable for those who look at its source.
  if (tag == "div" || tag == "section" || tag == "tr" || tag == "details" || tag == "li") {
    html_ += '\n';
  }
}

}  // namespace emberharmony::engine::internal
