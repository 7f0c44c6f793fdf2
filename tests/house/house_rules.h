// SPDX-License-Identifier: Apache-2.0
// The house rules that a machine can check (CONTRIBUTING.md): layers, names, lengths, licences.
//
//   for (const Complaint& complaint : CheckHouse(root)) std::cout << Text(complaint) << '\n';
//
// The rooms and their order are those of the `foreach(room ...)` in the root CMakeLists.txt, lowest
// first; what a room may include is the DEPS of its clinnova_room() calls, and itself.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::house {

enum class Severity { kWarning, kError };

/// One broken rule: where, and what was found.
struct Complaint {
  Severity severity = Severity::kError;
  std::string path;  ///< relative to the repository's root
  int line = 0;      ///< from 1; 0 = the file as a whole
  std::string text;
};

/// "src/core/x.h:3: includes web/y.h: core is below web".
std::string Text(const Complaint& complaint);

/// The rooms in the root CMakeLists.txt, lowest first; empty when there is no such list.
std::vector<std::string> RoomOrder(std::string_view cmake_lists);

/// What stands after `keyword` (NAME, DEPS, ...) in the clinnova_room() and clinnova_program()
/// calls of a room's CMakeLists.txt; a room may be built as more than one library.
std::set<std::string> RoomWords(std::string_view cmake_lists, std::string_view keyword);

/// An #include line: its line number, and the path between quotes or angle brackets.
struct Include {
  int line = 0;
  std::string path;
  bool quoted = false;
};
std::vector<Include> Includes(std::string_view source);

/// Everything that is wrong below `root`, in the order of the paths:
/// - an include of a room above, of a room that DEPS does not name, of a quoted file that is no
///   room's, and every cycle of includes or of DEPS;
/// - a source that no CMakeLists.txt of its room names, so that it would not be built;
/// - a file of src/ without the SPDX line, over 600 lines (over 450: a warning), or named after
///   nothing (util, common, helper, manager, misc).
/// A root without rooms is itself a complaint, so that a moved folder cannot pass in silence.
std::vector<Complaint> CheckHouse(const std::filesystem::path& root);

}  // namespace clinnova::house
