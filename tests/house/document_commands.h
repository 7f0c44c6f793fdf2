// SPDX-License-Identifier: Apache-2.0
// Runs the shell commands that the documentation shows, so that it cannot grow false.
//
//   ```sh run                        a block so marked is run by sh -eu, and must exit with 0
//   clinnova units convert 1 g/L mg/L
//   ```
//   ```text output                   what it prints on standard output, where shown
//   1000 mg/L
//   ```
//
// In an output block a line `...` stands for any lines, and `...` within a line for any text.
// A document's blocks run in order in one folder, as a reader would type them in the repository.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::house {

/// A marked block of a document: the line of its fence from 1, its commands, the output shown.
struct CommandBlock {
  int line = 0;
  std::string commands;
  std::optional<std::string> output;
};

/// The blocks of a document, in order. A `text output` fence belongs to the `sh run` fence before.
std::vector<CommandBlock> CommandBlocks(std::string_view markdown);

/// Whether `found` is what `shown` promises, with `...` as above; space at line ends is ignored.
bool OutputMatches(std::string_view shown, std::string_view found);

/// Runs a block in `folder` with `programs` first on the PATH, for at most two minutes.
/// Returns what went wrong, or nothing.
std::optional<std::string> RunBlock(const CommandBlock& block, const std::filesystem::path& folder,
                                    const std::filesystem::path& programs);

/// The targets of a document's links that name files of the repository: no URL, no anchor.
std::vector<std::string> FileLinks(std::string_view markdown);

}  // namespace clinnova::house
