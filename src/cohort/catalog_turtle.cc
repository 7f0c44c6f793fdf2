// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cohort/catalog_entry.h"

namespace clinnova::cohort {
namespace {

using Json = nlohmann::ordered_json;

/// A text between quotes; what the grammar does not let stand is escaped.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(c));
          out += escape;
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string Reference(const std::string& id) { return id.starts_with("_:") ? id : "<" + id + ">"; }

class Writer {
 public:
  explicit Writer(const Json& entry) {
    for (const auto& [prefix, iri] : entry.at("@context").items())
      out_ += "@prefix " + prefix + ": <" + iri.get<std::string>() + "> .\n";
    for (const Json& node : entry.at("@graph")) {
      out_ += "\n" + Reference(node.at("@id").get<std::string>()) + "\n";
      Properties(node, 1);
      out_ += " .\n";
    }
    // A node inside another one that has a name of its own stands by itself.
    for (const Json& node : named_) {
      out_ += "\n" + Reference(node.at("@id").get<std::string>()) + "\n";
      Properties(node, 1);
      out_ += " .\n";
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  void Properties(const Json& node, int depth) {
    bool first = true;
    for (const auto& [key, value] : node.items()) {
      if (key == "@id") continue;
      if (!first) out_ += " ;\n";
      first = false;
      out_ += std::string(static_cast<std::size_t>(depth) * 2, ' ');
      if (key == "@type") {
        out_ += "a " + value.get<std::string>();
        continue;
      }
      out_ += key + " ";
      if (!value.is_array()) {
        Object(value, depth);
        continue;
      }
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out_ += " , ";
        Object(value[i], depth);
      }
    }
  }

  void Object(const Json& value, int depth) {
    if (value.is_string()) {
      out_ += Quoted(value.get<std::string>());
    } else if (!value.is_object()) {
      out_ += value.dump();
    } else if (value.contains("@value")) {
      out_ += Quoted(value.at("@value").get<std::string>()) + "^^" +
              value.at("@type").get<std::string>();
    } else if (value.contains("@id")) {
      out_ += Reference(value.at("@id").get<std::string>());
      if (value.size() > 1) named_.push_back(value);
    } else {
      out_ += "[\n";
      Properties(value, depth + 1);
      out_ += "\n" + std::string(static_cast<std::size_t>(depth) * 2, ' ') + "]";
    }
  }

  std::string out_;
  std::vector<Json> named_;
};

}  // namespace

std::string TurtleOf(const Json& entry) { return Writer(entry).Take(); }

}  // namespace clinnova::cohort
