#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::engine::internal {

struct HtmlAttribute {
  std::string_view name;
  std::string value;
};
using HtmlAttributes = std::vector<HtmlAttribute>;

/// Builds HTML in which no text can become markup: whatever goes through Text, Leaf or an attribute
/// is escaped and shown on one line (engine/shown_text.h). Tag and attribute names are the
/// program's own. One thread at a time.
class HtmlWriter {
 public:
  void Text(std::string_view text);
  /// <tag ...>text</tag>
  void Leaf(std::string_view tag, std::string_view text, const HtmlAttributes& attributes = {});
  /// An element without content or end, such as <meta ...>.
  void Void(std::string_view tag, const HtmlAttributes& attributes);
  /// The program's own markup and style, as it is; never text from data.
  void Trusted(std::string_view markup) { html_ += markup; }

  const std::string& html() const { return html_; }

 private:
  friend class HtmlElement;
  void Begin(std::string_view tag, const HtmlAttributes& attributes);
  void End(std::string_view tag);
  std::string html_;
};

/// An element around what is written during its life, so that elements always nest.
class HtmlElement {
 public:
  HtmlElement(HtmlWriter* writer, std::string_view tag, const HtmlAttributes& attributes = {})
      : writer_(writer), tag_(tag) {
    writer_->Begin(tag_, attributes);
  }
  /// Ends the element, which takes memory: an exception then leaves the destructor. Where one is
  /// under way already the text is not wanted any more.
  ~HtmlElement() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) writer_->End(tag_);
  }
  HtmlElement(const HtmlElement&) = delete;
  HtmlElement& operator=(const HtmlElement&) = delete;

 private:
  HtmlWriter* writer_;
  std::string tag_;
  const int exceptions_ = std::uncaught_exceptions();
};

}  // namespace emberharmony::engine::internal
