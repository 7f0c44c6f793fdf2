// SPDX-License-Identifier: Apache-2.0
#include "house/house_rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace clinnova::house {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLines = 600;
constexpr int kManyLines = 450;
constexpr std::string_view kLicence = "SPDX-License-Identifier: Apache-2.0";
constexpr std::array<std::string_view, 7> kNamesOfNothing = {
    "util", "utils", "common", "helper", "helpers", "manager", "misc"};

/// What the rules need to know of the whole tree.
struct House {
  std::vector<std::string> order;                     // rooms, lowest first
  std::map<std::string, std::set<std::string>> deps;  // room -> its DEPS
  std::map<std::string, std::string> cmake_lists;     // room -> text of its CMakeLists.txt files
  std::map<std::string, std::vector<Include>> files;  // path below src/ -> its includes
  std::vector<Complaint> complaints;

  int Height(const std::string& room) const {
    const auto found = std::find(order.begin(), order.end(), room);
    return found == order.end() ? -1 : static_cast<int>(found - order.begin());
  }
  void Complain(const std::string& path, int line, std::string text,
                Severity severity = Severity::kError) {
    complaints.push_back({severity, path, line, std::move(text)});
  }
};

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The words of CMake code: comments dropped, parentheses words of their own.
std::vector<std::string> CmakeWords(std::string_view code) {
  std::vector<std::string> words(1);
  bool comment = false;
  for (const char c : code) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (comment || c == ' ' || c == '\n' || c == '\t' || c == ';' || c == '"') {
      if (!words.back().empty()) words.emplace_back();
    } else if (c == '(' || c == ')') {
      if (words.back().empty()) words.pop_back();
      words.emplace_back(1, c);
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string FirstPart(const std::string& path) { return path.substr(0, path.find('/')); }

bool IsSource(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc";
}

void CheckName(House& house, const std::string& path) {
  std::string word;
  for (const char c : path + "/") {
    if (c != '/' && c != '_' && c != '.') {
      word += c;
      continue;
    }
    if (std::find(kNamesOfNothing.begin(), kNamesOfNothing.end(), word) != kNamesOfNothing.end()) {
      house.Complain(path, 0, "named \"" + word + "\": name the concept instead");
    }
    word.clear();
  }
}

void CheckText(House& house, const std::string& path, const std::string& text) {
  const std::string first = text.substr(0, text.find('\n'));
  if (first.find(kLicence) == std::string::npos) {
    house.Complain(path, 1, "the first line lacks \"" + std::string(kLicence) + "\"");
  }
  const auto lines = std::count(text.begin(), text.end(), '\n');
  if (lines > kMostLines) {
    house.Complain(path, 0, std::to_string(lines) + " lines, expected at most 600");
  } else if (lines > kManyLines) {
    house.Complain(path, 0, std::to_string(lines) + " lines, better at most 450",
                   Severity::kWarning);
  }
}

void CheckIncludes(House& house, const std::string& path, const std::vector<Include>& includes) {
  const std::string room = FirstPart(path);
  for (const Include& include : includes) {
    const std::string other = FirstPart(include.path);
    const bool generated = include.path.ends_with(".pb.h");
    if (house.Height(other) < 0 || other == include.path) {
      if (include.quoted && !generated) {
        house.Complain("src/" + path, include.line,
                       "includes \"" + include.path + "\", which is in no room");
      }
      continue;
    }
    if (other == room) continue;
    const std::string what = "includes " + include.path + ": ";
    if (house.Height(other) > house.Height(room)) {
      house.Complain("src/" + path, include.line, what + room + " is below " + other);
    } else if (!house.deps[room].contains(other)) {
      house.Complain("src/" + path, include.line,
                     what + other + " is not in the DEPS of src/" + room + "/CMakeLists.txt");
    }
  }
}

void CheckDeps(House& house) {
  for (const auto& [room, deps] : house.deps) {
    for (const std::string& dep : deps) {
      if (dep == room) continue;  // another library of the same room
      if (house.Height(dep) < 0 || house.Height(dep) >= house.Height(room)) {
        house.Complain("src/" + room + "/CMakeLists.txt", 0,
                       "DEPS names " + dep + ", which is not a room below " + room);
      }
    }
  }
}

/// Depth-first over includes; a file met again while it is still open closes a cycle.
class CycleSearch {
 public:
  explicit CycleSearch(House& house) : house_(house) {}

  void Visit(const std::string& path) {
    if (done_.contains(path)) return;
    const auto open = std::find(open_.begin(), open_.end(), path);
    if (open != open_.end()) {
      std::string cycle;
      for (auto at = open; at != open_.end(); ++at) cycle += *at + " -> ";
      house_.Complain("src/" + path, 0, "includes itself: " + cycle + path);
      return;
    }
    const auto file = house_.files.find(path);
    if (file == house_.files.end()) return;  // generated
    open_.push_back(path);
    for (const Include& include : file->second) Visit(include.path);
    open_.pop_back();
    done_.insert(path);
  }

 private:
  House& house_;  // not owned, outlives this
  std::vector<std::string> open_;
  std::set<std::string> done_;
};

void CheckIsBuilt(House& house, const std::string& path) {
  if (!path.ends_with(".cc")) return;
  const std::string name = fs::path(path).filename().string();
  for (const std::string& word : CmakeWords(house.cmake_lists[FirstPart(path)])) {
    if (word == name || word.ends_with("/" + name)) return;
  }
  house.Complain("src/" + path, 0, "named in no CMakeLists.txt of its room: it is not built");
}

/// What each room may include: its DEPS, each a library's name, as the rooms of those libraries.
void ReadDeps(House& house) {
  std::map<std::string, std::string> room_of;
  for (const auto& [room, text] : house.cmake_lists) {
    for (const std::string& library : RoomWords(text, "NAME")) room_of[library] = room;
  }
  for (const auto& [room, text] : house.cmake_lists) {
    for (const std::string& library : RoomWords(text, "DEPS")) {
      const auto found = room_of.find(library);
      house.deps[room].insert(found == room_of.end() ? library : found->second);
    }
  }
}

/// Reads every file below src/ and checks what can be said of one file alone.
void ReadTree(House& house, const fs::path& root) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root / "src")) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const std::string name = fs::relative(path, root / "src").generic_string();
    const std::string room = FirstPart(name);
    if (house.Height(room) < 0) {
      house.Complain("src/" + name, 0, "not in a room of the root CMakeLists.txt");
      continue;
    }
    CheckName(house, "src/" + name);
    const std::string text = ReadFile(path);
    if (path.filename() == "CMakeLists.txt") {
      house.cmake_lists[room] += text + "\n";
    } else if (IsSource(path)) {
      CheckText(house, "src/" + name, text);
      house.files[name] = Includes(text);
    }
  }
}

}  // namespace

std::string Text(const Complaint& complaint) {
  const std::string line = complaint.line > 0 ? ":" + std::to_string(complaint.line) : "";
  const std::string weight = complaint.severity == Severity::kWarning ? "warning: " : "";
  return complaint.path + line + ": " + weight + complaint.text;
}

std::vector<std::string> RoomOrder(std::string_view cmake_lists) {
  const std::vector<std::string> words = CmakeWords(cmake_lists);
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] != "foreach" || words[i + 2] != "room") continue;
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(i) + 3;
    return {first, std::find(first, words.end(), ")")};
  }
  return {};
}

std::set<std::string> RoomWords(std::string_view cmake_lists, std::string_view keyword) {
  static const std::set<std::string> kKeywords = {"NAME", "SOURCES",   "TESTS",
                                                  "DEPS", "LIBRARIES", "TEST_LIBRARIES"};
  std::set<std::string> found;
  bool in_room = false;
  std::string current;
  for (const std::string& word : CmakeWords(cmake_lists)) {
    if (word == "clinnova_room" || word == "clinnova_program") {
      in_room = true;
      current.clear();
    } else if (word == ")") {
      in_room = false;
    } else if (in_room && kKeywords.contains(word)) {
      current = word;
    } else if (in_room && current == keyword) {
      found.insert(word);
    }
  }
  return found;
}

std::vector<Include> Includes(std::string_view source) {
  std::vector<Include> includes;
  std::istringstream lines{std::string(source)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::size_t at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) continue;
    at = line.find_first_of("\"<", at);
    if (at == std::string::npos) continue;
    const char close = line[at] == '<' ? '>' : '"';
    const std::size_t end = line.find(close, at + 1);
    if (end == std::string::npos) continue;
    includes.push_back({number, line.substr(at + 1, end - at - 1), close == '"'});
  }
  return includes;
}

std::vector<Complaint> CheckHouse(const fs::path& root) {
  House house;
  house.order = RoomOrder(ReadFile(root / "CMakeLists.txt"));
  if (house.order.empty() || !fs::is_directory(root / "src")) {
    house.Complain("CMakeLists.txt", 0, "no foreach(room ...) or no src/: nothing to check");
    return house.complaints;
  }
  ReadTree(house, root);
  ReadDeps(house);
  CheckDeps(house);
  CycleSearch cycles(house);
  for (const auto& [path, includes] : house.files) {
    CheckIncludes(house, path, includes);
    CheckIsBuilt(house, path);
    cycles.Visit(path);
  }
  if (house.files.empty()) house.Complain("src", 0, "no source file: nothing to check");
  return house.complaints;
}

}  // namespace clinnova::house
