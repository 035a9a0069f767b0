#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>

#include "emberharmony/ops/printing_numbers_internal.h"

namespace emberharmony::ops {
namespace {

using tensor::Tensor;

/// More digits than any number has in either form.
constexpr int kTextMax = 512;

template <class T>
std::string Digits(T value, std::chars_format format, std::optional<int> precision) {
  char text[kTextMax];
  auto end = std::to_chars(text, text + kTextMax, value, format).ptr;
  // The shortest text that reads back as the number, unless it is too long.
  const auto point = std::find(text, end, '.');
  const auto stop = std::find(text, end, 'e');
  if (precision && stop - point - 1 > *precision) {
    end = std::to_chars(text, text + kTextMax, value, format, *precision).ptr;
  }
  return std::string(text, end);
}

/// A finite number's text cut at the point and the exponent.
struct NumberParts {
  std::string whole;     // with its sign
  std::string fraction;  // without zeros at the end
  std::string exponent;  // "e+05"; empty without one
};

template <class T>
NumberParts Cut(T value, bool scientific, bool show_plus, std::optional<int> precision) {
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  std::string text = Digits(value, format, precision);
  NumberParts parts;
  if (const size_t at = text.find('e'); at != std::string::npos) {
    parts.exponent = text.substr(at);
    text.resize(at);
  }
  const size_t point = text.find('.');
  parts.whole = text.substr(0, point);
  if (show_plus && parts.whole[0] != '-') parts.whole.insert(0, "+");
  if (point != std::string::npos) parts.fraction = text.substr(point + 1);
  while (!parts.fraction.empty() && parts.fraction.back() == '0') parts.fraction.pop_back();
  return parts;
}

/// Whether these numbers are written with an exponent: NumPy's rule.
template <class T>
bool NeedsExponent(const std::vector<T>& values) {
  double low = INFINITY;
  double high = 0;
  for (T value : values) {
    const double size = std::abs(static_cast<double>(value));
    if (!std::isfinite(size) || size == 0) continue;
    low = std::min(low, size);
    high = std::max(high, size);
  }
  // Single precision has no more digits than that.
  const double large = sizeof(T) == sizeof(float) ? 1e6 : 1e8;
  return high > 0 && (high >= large || low < 1e-4 || high / low > 1000);
}

std::string Padded(const std::string& text, size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// Floating-point numbers in one form, the points one below the other.
template <class T>
std::vector<std::string> FloatingTexts(const std::vector<T>& values, bool show_plus,
                                       std::optional<int> precision) {
  const bool scientific = NeedsExponent(values);
  std::vector<NumberParts> all(values.size());
  size_t whole = 0;
  size_t fraction = 0;
  size_t exponent = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    all[i] = Cut(values[i], scientific, show_plus, precision);
    whole = std::max(whole, all[i].whole.size());
    fraction = std::max(fraction, all[i].fraction.size());
    exponent = std::max(exponent, all[i].exponent.size());
  }
  const auto name_of = [&](T value) {
    const char* sign = std::signbit(value) ? "-" : (show_plus ? "+" : "");
    if (std::isnan(value)) return std::string(show_plus ? "+nan" : "nan");
    return std::string(sign) + "inf";
  };
  size_t width = whole + 1 + fraction + exponent;
  for (T value : values) {
    if (!std::isfinite(value)) width = std::max(width, name_of(value).size());
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      texts.push_back(Padded(name_of(values[i]), width));
      continue;
    }
    NumberParts& parts = all[i];
    // With exponents zeros fill up the digits, without them spaces do.
    const size_t missing = fraction - parts.fraction.size();
    std::string text = parts.whole + "." + parts.fraction;
    if (scientific) {
      const size_t zeros = exponent - parts.exponent.size();
      text += std::string(missing, '0') + parts.exponent.substr(0, 2) + std::string(zeros, '0') +
              parts.exponent.substr(2);
    } else {
      text += std::string(missing, ' ');
    }
    texts.push_back(Padded(text, width));
  }
  return texts;
}

template <class T>
std::vector<std::string> ComplexTexts(const Tensor& x, std::optional<int> precision) {
  std::vector<T> real, imaginary;
  for (const std::complex<T>& value : x.values<std::complex<T>>()) {
    real.push_back(value.real());
    imaginary.push_back(value.imag());
  }
  std::vector<std::string> texts = FloatingTexts(real, /*show_plus=*/false, precision);
  const std::vector<std::string> others = FloatingTexts(imaginary, /*show_plus=*/true, precision);
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t end = others[i].find_last_not_of(' ') + 1;
    texts[i] += others[i].substr(0, end) + "j" + others[i].substr(end);
  }
  return texts;
}

std::vector<std::string> AllTexts(const Tensor& x, std::optional<int> precision) {
  if (x.dtype() == tensor::DType::kComplex64) return ComplexTexts<float>(x, precision);
  if (x.dtype() == tensor::DType::kComplex128) return ComplexTexts<double>(x, precision);
  std::vector<std::string> texts;
  tensor::VisitReal(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto values = x.values<T>();
    if constexpr (std::is_floating_point_v<T>) {
      texts = FloatingTexts(std::vector<T>(values.begin(), values.end()), false, precision);
    } else {
      size_t width = 0;
      for (T value : values) {
        if constexpr (std::is_same_v<T, bool>) {
          texts.push_back(value ? " True" : "False");
        } else {
          texts.push_back(fmt::format("{}", value));
          width = std::max(width, texts.back().size());
        }
      }
      for (std::string& text : texts) text = Padded(text, width);
    }
  });
  return texts;
}

}  // namespace

std::vector<std::string> ElementTexts(const Tensor& x, std::optional<int> precision) {
  std::vector<std::string> texts = AllTexts(x, precision);
  if (x.rank() == 0) texts[0] = texts[0].substr(texts[0].find_first_not_of(' '));
  return texts;
}

}  // namespace emberharmony::ops
