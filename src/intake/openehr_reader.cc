// SPDX-License-Identifier: Apache-2.0
#include "intake/openehr_reader.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "intake/record_maker.h"
#include "intake/text_lines.h"

namespace clinnova::intake {
namespace {

using nlohmann::json;

constexpr std::string_view kComposition = "composition";

/// One step of a path: "any_event:2" is any_event, 2.
struct PathStep {
  std::string name;
  int index = 0;
};

/// One value of a composition: "laboratory/any_event:2/crp|unit".
struct Leaf {
  std::vector<PathStep> path;
  std::string text;
};

std::vector<PathStep> ReadPath(std::string_view key) {
  std::vector<PathStep> path;
  while (true) {
    const std::size_t slash = key.find('/');
    std::string_view step = key.substr(0, slash);
    // The attribute behind the bar belongs to the name; the index stands before it.
    const std::size_t bar = std::min(step.find('|'), step.size());
    const std::size_t colon = step.substr(0, bar).rfind(':');
    PathStep made{std::string(step), 0};
    if (colon != std::string_view::npos) {
      const std::string_view digits = step.substr(colon + 1, bar - colon - 1);
      const bool number = !digits.empty() && digits.size() < 7 &&
                          digits.find_first_not_of("0123456789") == std::string_view::npos;
      if (number)
        made = {std::string(step.substr(0, colon)) + std::string(step.substr(bar)),
                std::stoi(std::string(digits))};
    }
    path.push_back(std::move(made));
    if (slash == std::string_view::npos) return path;
    key.remove_prefix(slash + 1);
  }
}

/// The path's names from a step on, with the indexes that are not 0.
std::string PathText(const std::vector<PathStep>& path, std::size_t from,
                     std::size_t indexes_from) {
  std::string text;
  for (std::size_t s = from; s < path.size(); ++s) {
    if (s > from) text += '/';
    const std::string& name = path[s].name;
    if (path[s].index == 0 || s < indexes_from) {
      text += name;
      continue;
    }
    const std::size_t bar = std::min(name.find('|'), name.size());
    text += name.substr(0, bar) + ":" + std::to_string(path[s].index) + name.substr(bar);
  }
  return text;
}

std::string TextOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : value.dump();
}

/// One composition, its paths taken apart.
class Composition {
 public:
  /// False when `value` is no flat composition.
  bool Read(const json& value) {
    leaves_.clear();
    uid_.clear();
    if (!value.is_object()) return false;
    const bool wrapped =
        value.contains(kComposition) && value[std::string(kComposition)].is_object();
    const json& flat = wrapped ? value[std::string(kComposition)] : value;
    for (const auto& [key, item] : flat.items()) {
      if (item.is_structured()) return false;
      AddLeaf(key, TextOf(item));
    }
    const bool flat_paths =
        std::ranges::any_of(leaves_, [](const Leaf& leaf) { return leaf.path.size() > 1; }) ||
        !uid_.empty();
    if (!flat_paths) return false;
    if (!wrapped) return true;
    for (const auto& [key, item] : value.items()) {
      if (!item.is_structured()) leaves_.push_back({{{key, 0}}, TextOf(item)});
    }
    return true;
  }

  /// The different nodes of a path without indexes: the steps of each.
  std::vector<std::vector<PathStep>> Nodes(const std::vector<PathStep>& wanted) const {
    std::vector<std::vector<PathStep>> nodes;
    std::set<std::vector<int>> seen;
    for (const Leaf& leaf : leaves_) {
      if (!IsBelow(leaf, wanted)) continue;
      std::vector<int> indexes;
      for (std::size_t s = 0; s < wanted.size(); ++s) indexes.push_back(leaf.path[s].index);
      if (!seen.insert(std::move(indexes)).second) continue;
      nodes.emplace_back(leaf.path.begin(),
                         leaf.path.begin() + static_cast<std::ptrdiff_t>(wanted.size()));
    }
    return nodes;
  }

  /// `used` has the last steps of the columns that the mapping uses: most leaves are passed over by
  /// theirs.
  void Fill(const std::vector<PathStep>& node, const std::set<std::string, std::less<>>& used,
            NamedCells& cells) const {
    cells.Clear();
    for (const Leaf& leaf : leaves_) {
      if (!used.contains(leaf.path.back().name)) continue;
      if (!node.empty() && IsBelow(leaf, node)) {
        const bool own = std::ranges::equal(node, std::span(leaf.path).first(node.size()), {},
                                            &PathStep::index, &PathStep::index);
        if (own) cells.Set(PathText(leaf.path, node.size(), 0), leaf.text);
        continue;
      }
      // Of the nodes that go the same way, those around the node; their indexes are no part of the
      // column.
      std::size_t shared = 0;
      while (shared < node.size() && shared < leaf.path.size() &&
             leaf.path[shared].name == node[shared].name &&
             leaf.path[shared].index == node[shared].index) {
        ++shared;
      }
      const bool of_another = shared < node.size() && shared < leaf.path.size() &&
                              leaf.path[shared].name == node[shared].name;
      if (!of_another) cells.Set(PathText(leaf.path, 0, shared), leaf.text);
    }
    std::string index;
    for (const PathStep& step : node)
      index += (index.empty() ? "" : ".") + std::to_string(step.index);
    cells.Set("@index", index);
    cells.Set("@uid", uid_.substr(0, uid_.find("::")));
  }

 private:
  void AddLeaf(const std::string& key, std::string text) {
    Leaf leaf{ReadPath(key), std::move(text)};
    // The template's name is the first step of every path but those of the context "ctx".
    if (leaf.path.size() > 1 && leaf.path[0].name != "ctx") leaf.path.erase(leaf.path.begin());
    if (leaf.path.size() == 1 && leaf.path[0].name == "_uid") uid_ = leaf.text;
    leaves_.push_back(std::move(leaf));
  }

  static bool IsBelow(const Leaf& leaf, const std::vector<PathStep>& node) {
    return leaf.path.size() > node.size() &&
           std::ranges::equal(node, std::span(leaf.path).first(node.size()), {}, &PathStep::name,
                              &PathStep::name);
  }

  std::vector<Leaf> leaves_;
  std::string uid_;
};

class OpenEhrFile {
 public:
  OpenEhrFile(const std::string& name, const Mapping& mapping, RecordSink& sink)
      : sink_(sink), maker_(name, mapping, sink), cells_(mapping) {
    for (const std::string& column : mapping.columns) used_.insert(ReadPath(column).back().name);
    for (const RecordRule& rule : mapping.records) {
      if (!paths_.contains(rule.per))
        paths_[rule.per] = rule.per.empty() ? std::vector<PathStep>{} : ReadPath(rule.per);
    }
  }

  Result<void> Use(const json& value, std::uint64_t line, const std::string& where) {
    if (!composition_.Read(value)) {
      return maker_.Reject({.type = {}, .line = line, .path = where}, "openehr.composition",
                           "found no object of paths and values, expected a flat composition");
    }
    int made = 0;
    for (const auto& [per, path] : paths_) {
      const auto nodes =
          path.empty() ? std::vector<std::vector<PathStep>>{{}} : composition_.Nodes(path);
      for (const std::vector<PathStep>& node : nodes) {
        composition_.Fill(node, used_, cells_);
        CLINNOVA_ASSIGN(const int count, maker_.Make({.type = per,
                                                      .cells = cells_.cells(),
                                                      .line = line,
                                                      .path = where,
                                                      .raw = PathText(node, 0, 0)}));
        made += count;
      }
    }
    if (made == 0)
      sink_.Ignore({maker_.file(), line, where},
                   "openEHR composition: nothing in it is in the mapping");
    return {};
  }

  Result<void> RejectLine(std::uint64_t line) {
    return maker_.Reject({.type = {}, .line = line}, "openehr.json",
                         "found a line that is no JSON");
  }

 private:
  RecordSink& sink_;  // not owned, outlives this
  RecordMaker maker_;
  NamedCells cells_;
  std::map<std::string, std::vector<PathStep>>
      paths_;  // of the nodes that the mapping's rules are for
  std::set<std::string, std::less<>> used_;
  Composition composition_;
};

/// A composition per line, when the first line is whole JSON and another follows.
Result<bool> IsOnePerLine(const std::filesystem::path& path) {
  CLINNOVA_ASSIGN(TextLines lines, TextLines::Open(path));
  CLINNOVA_ASSIGN(bool more, lines.Next());
  if (!more || !json::accept(lines.text())) return false;
  while (more) {
    CLINNOVA_ASSIGN(more, lines.Next());
    if (more && !lines.text().empty()) return true;
  }
  return false;
}

Result<void> ReadLines(const std::filesystem::path& path, OpenEhrFile& file) {
  CLINNOVA_ASSIGN(TextLines lines, TextLines::Open(path));
  while (true) {
    CLINNOVA_ASSIGN(const bool more, lines.Next());
    if (!more) return {};
    if (lines.text().empty()) continue;
    const json value = json::parse(lines.text(), nullptr, false);
    if (value.is_discarded()) {
      CLINNOVA_TRY(file.RejectLine(lines.number()));
    } else {
      CLINNOVA_TRY(file.Use(value, lines.number(), ""));
    }
  }
}

}  // namespace

bool LooksLikeOpenEhr(std::string_view head) {
  const std::size_t begin = head.find_first_not_of(" \t\r\n[");
  if (begin == std::string_view::npos || head[begin] != '{') return false;
  if (head.find("\"ehr_id\"") != std::string_view::npos ||
      head.find("\"ctx/") != std::string_view::npos)
    return true;
  const std::size_t quote = head.find('"', begin);
  if (quote == std::string_view::npos) return false;
  const std::string_view key = head.substr(quote + 1, head.find('"', quote + 1) - quote - 1);
  return key.find('/') != std::string_view::npos;
}

Result<void> ReadOpenEhr(const std::filesystem::path& path, const std::string& name,
                         const Mapping& mapping, RecordSink& sink) {
  OpenEhrFile file(name, mapping, sink);
  CLINNOVA_ASSIGN(const bool per_line, IsOnePerLine(path));
  if (per_line) return ReadLines(path, file);
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return Fail(ErrorCode::kFailed, name + ": cannot be read");
  const std::string bytes = text.str();
  const json document = json::parse(bytes, nullptr, false);
  if (document.is_discarded()) {
    return Fail(ErrorCode::kInvalidInput,
                name + ": not JSON, or ends too early, within " + std::to_string(bytes.size()) +
                    " bytes: nothing was loaded",
                "truncated");
  }
  if (!document.is_array()) return file.Use(document, 1, "");
  for (std::size_t i = 0; i < document.size(); ++i) {
    CLINNOVA_TRY(file.Use(document[i], 0, "[" + std::to_string(i) + "]"));
  }
  return {};
}

}  // namespace clinnova::intake
