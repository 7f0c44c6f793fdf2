// SPDX-License-Identifier: Apache-2.0
#include "intake/sphn_reader.h"

#include <algorithm>
#include <vector>

#include "intake/record_maker.h"
#include "intake/sphn_graph.h"

namespace clinnova::intake {
namespace {

class SphnFile {
 public:
  SphnFile(const std::string& name, const Mapping& mapping, RecordSink& sink)
      : mapping_(mapping), sink_(sink), maker_(name, mapping, sink), cells_(mapping) {
    for (const RecordRule& rule : mapping.records) {
      if (std::ranges::find(classes_, rule.per) == classes_.end()) classes_.push_back(rule.per);
    }
  }

  Result<void> Read(const SphnGraph& graph) {
    for (const std::string& type : classes_) {
      for (const SphnNode* node : graph.OfClass(type)) CLINNOVA_TRY(Use(graph, *node, type));
    }
    for (const SphnNode& node : graph.nodes()) IgnoreUnused(node);
    return {};
  }

 private:
  Result<void> Use(const SphnGraph& graph, const SphnNode& node, const std::string& type) {
    cells_.Clear();
    for (const std::string& column : mapping_.columns) {
      for (const std::string& text : graph.Texts(node, column)) cells_.Set(column, text);
    }
    CLINNOVA_ASSIGN(
        const int made,
        maker_.Make({.type = type, .cells = cells_.cells(), .line = node.line, .raw = type}));
    if (made == 0) {
      sink_.Ignore({maker_.file(), node.line, ""},
                   "SPHN " + type + " without what the mapping needs: not loaded");
    }
    return {};
  }

  void IgnoreUnused(const SphnNode& node) {
    if (node.is_object) return;
    for (const std::string& iri : node.classes) {
      const std::string type(SphnGraph::SphnClass(iri));
      if (type.empty() || std::ranges::find(classes_, type) != classes_.end()) continue;
      sink_.Ignore({maker_.file(), node.line, ""}, "SPHN " + type + ": not in the mapping");
    }
  }

  const Mapping& mapping_;  // not owned, outlives this
  RecordSink& sink_;        // not owned, outlives this
  RecordMaker maker_;
  NamedCells cells_;
  std::vector<std::string> classes_;  // that the mapping has rules for, in its order
};

}  // namespace

bool LooksLikeTurtle(std::string_view head) {
  while (true) {
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    if (!head.starts_with('#')) break;
    head.remove_prefix(std::min(head.find('\n'), head.size()));
  }
  return head.starts_with("@prefix") || head.starts_with("@base") || head.starts_with("PREFIX ");
}

Result<void> ReadSphn(const std::filesystem::path& path, const std::string& name,
                      const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(const SphnGraph graph, SphnGraph::Load(path, name));
  return SphnFile(name, mapping, sink).Read(graph);
}

}  // namespace clinnova::intake
