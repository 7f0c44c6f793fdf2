// SPDX-License-Identifier: Apache-2.0
#include "house/document_commands.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace clinnova::house {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAnything = "...";

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    lines.push_back(line);
  }
  return lines;
}

bool LineMatches(std::string_view shown, std::string_view found) {
  const std::size_t any = shown.find(kAnything);
  if (any == std::string_view::npos) return shown == found;
  if (!found.starts_with(shown.substr(0, any))) return false;
  const std::string_view rest = shown.substr(any + kAnything.size());
  for (std::size_t at = any; at <= found.size(); ++at) {
    if (LineMatches(rest, found.substr(at))) return true;
  }
  return false;
}

bool LinesMatch(const std::vector<std::string>& shown, std::size_t s,
                const std::vector<std::string>& found, std::size_t f) {
  if (s == shown.size()) return f == found.size();
  if (shown[s] == kAnything) {
    for (std::size_t at = f; at <= found.size(); ++at) {
      if (LinesMatch(shown, s + 1, found, at)) return true;
    }
    return false;
  }
  return f < found.size() && LineMatches(shown[s], found[f]) &&
         LinesMatch(shown, s + 1, found, f + 1);
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::vector<CommandBlock> CommandBlocks(std::string_view markdown) {
  std::vector<CommandBlock> blocks;
  std::istringstream in{std::string(markdown)};
  std::string* into = nullptr;  // the text that the open fence fills; null for one of no interest
  bool open = false;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("```")) {
      into = nullptr;
      open = !open;
      if (open && line == "```sh run") {
        blocks.push_back({number, {}, {}});
        into = &blocks.back().commands;
      } else if (open && line == "```text output" && !blocks.empty()) {
        into = &blocks.back().output.emplace();
      }
    } else if (into != nullptr) {
      *into += line + "\n";
    }
  }
  return blocks;
}

bool OutputMatches(std::string_view shown, std::string_view found) {
  return LinesMatch(Lines(shown), 0, Lines(found), 0);
}

std::optional<std::string> RunBlock(const CommandBlock& block, const fs::path& folder,
                                    const fs::path& programs) {
  const fs::path script = folder / ".block.sh";
  const fs::path out = folder / ".block.out";
  const fs::path err = folder / ".block.err";
  std::ofstream(script) << "PATH='" << programs.string() << "':$PATH\nexport PATH\n"
                        << block.commands;
  const std::string command = "cd '" + folder.string() + "' && timeout 120 sh -eu '" +
                              script.string() + "' >'" + out.string() + "' 2>'" + err.string() +
                              "' </dev/null";
  const int status = std::system(command.c_str());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return "exit status " + std::to_string(WEXITSTATUS(status)) + "\n" + block.commands +
           "standard error:\n" + ReadAll(err);
  }
  const std::string found = ReadAll(out);
  if (block.output && !OutputMatches(*block.output, found)) {
    return "the document shows\n" + *block.output + "the commands print\n" + found;
  }
  return std::nullopt;
}

std::vector<std::string> FileLinks(std::string_view markdown) {
  std::vector<std::string> links;
  for (std::size_t at = markdown.find("]("); at != std::string_view::npos;
       at = markdown.find("](", at + 2)) {
    const std::size_t end = markdown.find(')', at);
    if (end == std::string_view::npos) break;
    const std::string link(markdown.substr(at + 2, end - at - 2));
    const std::string file = link.substr(0, link.find('#'));
    if (file.empty() || file.find(':') != std::string::npos) continue;
    links.push_back(file);
  }
  return links;
}

}  // namespace clinnova::house
