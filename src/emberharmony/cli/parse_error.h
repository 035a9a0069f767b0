#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace emberharmony::cli {

/// What is wrong with a command line that `app` could not parse. What looks like an option and is
/// none comes first, with the name that was meant: what is missing may be missing for it.
std::string ParseErrorText(const CLI::App& app, const CLI::ParseError& error);

/// "unknown command 'isnpect'; did you mean 'inspect'?", or "" where `word` is a command of `app`.
std::string UnknownCommandText(const CLI::App& app, const std::string& word);

/// One of these words, exactly.
CLI::Validator OneOf(std::vector<std::string> words);

}  // namespace emberharmony::cli
