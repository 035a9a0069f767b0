#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::backend {

/// A framework that plugins stand on, as its Python package installs it.
struct Framework {
  std::string_view plugin;                 ///< the name of the plugin
  std::string_view package;                ///< the folder in site-packages
  std::string_view folder_variable;        ///< names that folder
  std::string_view install;                ///< what installs it
  std::span<const char* const> libraries;  ///< in that folder, in the order to load them
};

/// The framework of that plugin, or null: then the plugin's own search path has to do.
const Framework* FindFramework(std::string_view plugin);
/// The names of all plugins with a framework.
std::vector<std::string> FrameworkPlugins();

/// Loads a framework's libraries from the first folder that has them, unless they are there
/// already, so that a plugin which needs them finds them. Returns the folders in which it failed,
/// with the reasons; that is no error if the plugin finds its framework otherwise.
std::vector<std::string> LoadFramework(const Framework& framework,
                                       std::span<const std::string> package_folders);

}  // namespace emberharmony::backend
