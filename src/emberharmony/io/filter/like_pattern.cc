#include <algorithm>

#include "emberharmony/base/utf8.h"
#include "emberharmony/io/filter/like_pattern_internal.h"

namespace emberharmony::io::filter {

std::string LikePattern::Parse(std::string_view pattern, bool is_bytes, LikePattern* out) {
  *out = LikePattern();
  out->is_bytes_ = is_bytes;
  std::vector<Part>& parts = out->parts_;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '%') {
      // Several mean no more than one.
      if (parts.empty() || parts.back().kind != Kind::kMany) parts.push_back({Kind::kMany, ""});
      continue;
    }
    if (c == '_') {
      parts.push_back({Kind::kOne, ""});
      out->has_one_ = true;
      continue;
    }
    if (c == '\\') {
      if (++i == pattern.size()) {
        return "expected a character after the pattern's last backslash, found its end; a "
               "backslash "
               "itself is written \\\\\\\\";
      }
      c = pattern[i];
    }
    if (parts.empty() || parts.back().kind != Kind::kText) parts.push_back({Kind::kText, ""});
    parts.back().text += c;
  }
  return "";
}

std::string_view LikePattern::prefix() const {
  if (parts_.empty() || parts_[0].kind != Kind::kText) return {};
  return parts_[0].text;
}

bool LikePattern::is_prefix_only() const {
  return !parts_.empty() && parts_.back().kind == Kind::kMany &&
         parts_.size() == (parts_[0].kind == Kind::kText ? 2U : 1U);
}

bool LikePattern::is_constant() const {
  return parts_.empty() || (parts_.size() == 1 && parts_[0].kind == Kind::kText);
}

size_t LikePattern::CharacterLength(std::string_view value, size_t at) const {
  if (is_bytes_) return 1;
  return std::max<size_t>(1, base::Utf8SequenceLength(value.substr(at)));
}

bool LikePattern::Matches(std::string_view value) const {
  if (has_one_) return MatchesSlowly(value);
  size_t begin = 0;
  size_t end = parts_.size();
  if (is_constant()) return value == prefix();
  if (parts_[0].kind == Kind::kText) {
    if (!value.starts_with(parts_[0].text)) return false;
    value.remove_prefix(parts_[0].text.size());
    ++begin;
  }
  if (parts_[end - 1].kind == Kind::kText) {
    if (!value.ends_with(parts_[end - 1].text)) return false;
    value.remove_suffix(parts_[end - 1].text.size());
    --end;
  }
  // What is left is texts between %: the first place of each is as good as any other.
  for (size_t i = begin; i < end; ++i) {
    if (parts_[i].kind != Kind::kText) continue;
    const size_t found = value.find(parts_[i].text);
    if (found == std::string_view::npos) return false;
    value.remove_prefix(found + parts_[i].text.size());
  }
  return true;
}

bool LikePattern::MatchesSlowly(std::string_view value) const {
  // On a mismatch the last % takes one character more: earlier ones need not be tried again.
  constexpr size_t kNone = std::string_view::npos;
  size_t at = 0;
  size_t part = 0;
  size_t after_many = kNone;  // the part after the last %
  size_t many_end = 0;        // where that % ends so far
  while (true) {
    if (part == parts_.size()) {
      if (at == value.size()) return true;
    } else if (parts_[part].kind == Kind::kMany) {
      after_many = ++part;
      many_end = at;
      continue;
    } else if (parts_[part].kind == Kind::kOne) {
      if (at < value.size()) {
        at += CharacterLength(value, at);
        ++part;
        continue;
      }
    } else if (value.substr(at).starts_with(parts_[part].text)) {
      at += parts_[part].text.size();
      ++part;
      continue;
    }
    if (after_many == kNone || many_end >= value.size()) return false;
    many_end += CharacterLength(value, many_end);
    at = many_end;
    part = after_many;
  }
}

}  // namespace emberharmony::io::filter
