#include "emberharmony/cli/parse_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "emberharmony/base/spelling.h"

namespace emberharmony::cli {
namespace {

// Without dashes: they would count as letters that fit.
std::vector<std::string> LongOptions(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

std::string UnknownOptionText(const CLI::App& command, const std::string& argument) {
  const size_t begin = std::min(argument.find_first_not_of('-'), argument.size());
  const std::string option = argument.substr(0, argument.find('='));
  const std::string nearest =
      base::NearestName(option.substr(std::min(begin, option.size())), LongOptions(command));
  return fmt::format("unknown option '{}'{}", option,
                     nearest.empty() ? "" : "; did you mean '--" + nearest + "'?");
}

}  // namespace

std::string ParseErrorText(const CLI::App& app, const CLI::ParseError& error) {
  const auto commands = app.get_subcommands();
  const CLI::App& command = commands.empty() ? app : *commands[0];
  for (const std::string& argument : command.remaining()) {
    if (argument.size() > 1 && argument[0] == '-' && argument != "--") {
      return UnknownOptionText(command, argument);
    }
  }
  return error.what();
}

std::string UnknownCommandText(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (std::ranges::find(names, word) != names.end()) return "";
  return fmt::format("unknown command '{}'{}", word, base::DidYouMean(word, names));
}

CLI::Validator OneOf(std::vector<std::string> words) {
  std::string described = fmt::format("{{{}}}", fmt::join(words, ","));
  return CLI::Validator(
      [words = std::move(words)](std::string& text) {
        if (std::ranges::find(words, text) != words.end()) return std::string();
        return fmt::format("expected one of {}, found '{}'{}", fmt::join(words, ", "), text,
                           base::DidYouMean(text, words));
      },
      std::move(described));
}

}  // namespace emberharmony::cli
