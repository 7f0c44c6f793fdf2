// SPDX-License-Identifier: Apache-2.0
#include "intake/json_tree.h"

#include <nlohmann/json.hpp>

namespace clinnova::intake {
namespace {

/// Builds the tree from the events of nlohmann's reader, which gives a number's own text.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(JsonTree& root) : root_(root) {}

  bool null() override { return Put({}); }
  bool boolean(bool value) override {
    return Put({.kind = JsonTree::Kind::kBoolean, .boolean = value});
  }
  bool number_integer(number_integer_t value) override { return Number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Number(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Number(text); }
  bool string(string_t& value) override {
    return Put({.kind = JsonTree::Kind::kString, .text = std::move(value)});
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(JsonTree::Kind::kObject); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(JsonTree::Kind::kArray); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::detail::exception&) override {
    byte_ = byte;
    return false;
  }

  std::size_t byte() const { return byte_; }
  bool too_deep() const { return too_deep_; }

 private:
  bool Number(std::string text) {
    return Put({.kind = JsonTree::Kind::kNumber, .text = std::move(text)});
  }

  JsonTree& Place(JsonTree value) {
    if (open_.empty()) return root_ = std::move(value);
    JsonTree& parent = *open_.back();
    if (parent.IsArray()) return parent.items.emplace_back(std::move(value));
    if (name_.starts_with('_')) parent.has_underscore = true;
    return parent.members.emplace_back(std::move(name_), std::move(value)).second;
  }
  bool Put(JsonTree value) {
    Place(std::move(value));
    return true;
  }
  bool Open(JsonTree::Kind kind) {
    if (open_.size() >= kDeepestJson) {
      too_deep_ = true;
      return false;
    }
    open_.push_back(&Place({.kind = kind}));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonTree& root_;               // not owned, outlives this
  std::vector<JsonTree*> open_;  ///< only the innermost grows, so the others' addresses stand still
  std::string name_;
  std::size_t byte_ = 0;
  bool too_deep_ = false;
};

}  // namespace

const JsonTree* JsonTree::Find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    // Most names differ in their length or their last letter.
    if (key.size() != name.size() || (!key.empty() && key.back() != name.back())) continue;
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view JsonTree::Text(std::string_view name) const {
  const JsonTree* value = Find(name);
  return value && value->IsString() ? std::string_view(value->text) : std::string_view();
}

Result<JsonTree> ParseJsonTree(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  JsonTree root;
  Builder builder(root);
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return root;
  if (builder.too_deep()) {
    return Fail(ErrorCode::kInvalidInput,
                "JSON nested deeper than " + std::to_string(kDeepestJson));
  }
  return Fail(ErrorCode::kInvalidInput, "not JSON: wrong at byte " +
                                            std::to_string(builder.byte()) + " of " +
                                            std::to_string(text.size()));
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void AppendJson(const JsonTree& tree, std::string& out) {
  switch (tree.kind) {
    case JsonTree::Kind::kNull: out += "null"; return;
    case JsonTree::Kind::kBoolean: out += tree.boolean ? "true" : "false"; return;
    case JsonTree::Kind::kNumber: out += tree.text; return;
    case JsonTree::Kind::kString: AppendJsonString(tree.text, out); return;
    case JsonTree::Kind::kArray: {
      out += '[';
      for (const JsonTree& item : tree.items) {
        if (&item != &tree.items.front()) out += ',';
        AppendJson(item, out);
      }
      out += ']';
      return;
    }
    case JsonTree::Kind::kObject: {
      out += '{';
      for (const auto& member : tree.members) {
        if (&member != &tree.members.front()) out += ',';
        AppendJsonString(member.first, out);
        out += ':';
        AppendJson(member.second, out);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace clinnova::intake
