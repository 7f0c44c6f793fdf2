// SPDX-License-Identifier: Apache-2.0
#include "intake/resource_files.h"

#include <zlib.h>

#include <memory>

namespace clinnova::intake {
namespace {

using Use = std::function<Result<void>(const JsonTree&)>;

/// A file's bytes; zlib hands plain files through.
class Bytes {
 public:
  static Result<Bytes> Open(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) {
      return Fail(ErrorCode::kInvalidInput, path.string() + ": found a folder, expected a file");
    }
    Bytes bytes(gzopen(path.c_str(), "rb"));
    if (!bytes.file_) return Fail(ErrorCode::kInvalidInput, path.string() + ": cannot be opened");
    gzbuffer(bytes.file_.get(), 1 << 18);
    return bytes;
  }

  /// Appends the next bytes up to and with a line end; false at the end. kFailed for damaged gzip.
  Result<bool> Line(std::string& line) {
    line.clear();
    for (;;) {
      if (at_ == count_) {
        const int read = gzread(file_.get(), block_->data(), static_cast<unsigned>(block_->size()));
        if (read < 0) return Fail(ErrorCode::kInvalidInput, "damaged gzip, or unreadable");
        at_ = 0;
        count_ = static_cast<std::size_t>(read);
        if (count_ == 0) return !line.empty();
      }
      const std::string_view rest = std::string_view(*block_).substr(at_, count_ - at_);
      const std::size_t end = rest.find('\n');
      line.append(rest.substr(0, end == rest.npos ? rest.npos : end + 1));
      at_ += end == rest.npos ? rest.size() : end + 1;
      if (end != rest.npos) return true;
    }
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  explicit Bytes(gzFile file) : file_(file) {}
  std::unique_ptr<gzFile_s, Close> file_;
  std::unique_ptr<std::string> block_ = std::make_unique<std::string>(1 << 16, '\0');
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

Result<void> UseDocument(const JsonTree& document, Bundles bundles, const Use& use) {
  if (document.IsArray()) {
    for (const JsonTree& item : document.items()) CLINNOVA_TRY(UseDocument(item, bundles, use));
    return {};
  }
  const std::string_view type = document.Text("resourceType");
  if (type.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "found JSON without resourceType, expected a FHIR resource");
  }
  if (type != "Bundle" || bundles == Bundles::kWhole) return use(document);
  const JsonTree* entries = document.Find("entry");
  if (!entries) return {};
  for (const JsonTree& entry : entries->items()) {
    if (const JsonTree* resource = entry.Find("resource")) {
      CLINNOVA_TRY(UseDocument(*resource, bundles, use));
    }
  }
  return {};
}

/// What is left to read, appended.
Result<void> Rest(Bytes& bytes, std::string& text) {
  std::string line;
  for (;;) {
    CLINNOVA_ASSIGN(const bool more, bytes.Line(line));
    if (!more) return {};
    text += line;
  }
}

/// NDJSON: `first` was line `number`, the others follow.
Result<void> UseLines(Bytes& bytes, const JsonTree& first, std::size_t number,
                      const std::string& name, Bundles bundles, const Use& use) {
  const auto where = [&] { return name + ": line " + std::to_string(number); };
  const auto begun = UseDocument(first, bundles, use);
  if (!begun) return FailAt(where(), begun);
  std::string line;
  for (;;) {
    const auto more = bytes.Line(line);
    if (!more) return FailAt(name, more);
    if (!*more) return {};
    ++number;
    if (IsBlank(line)) continue;
    const auto document = ParseJsonTree(line);
    if (!document) return FailAt(where(), document);
    const auto used = UseDocument(document->root(), bundles, use);
    if (!used) return FailAt(where(), used);
  }
}

}  // namespace

Result<void> ForEachResource(const std::filesystem::path& path, Bundles bundles, const Use& use) {
  CLINNOVA_ASSIGN(Bytes bytes, Bytes::Open(path));
  const std::string name = path.string();
  std::string line;
  std::size_t number = 0;
  do {
    const auto more = bytes.Line(line);
    if (!more) return FailAt(name, more);
    if (!*more) return {};
    ++number;
  } while (IsBlank(line));
  // A first line that is a document by itself begins NDJSON; otherwise the file is one document.
  if (const auto first = ParseJsonTree(line)) {
    return UseLines(bytes, first->root(), number, name, bundles, use);
  }
  const auto rest = Rest(bytes, line);
  if (!rest) return FailAt(name, rest);
  const auto document = ParseJsonTree(line);
  if (!document) return FailAt(name, document);
  const auto used = UseDocument(document->root(), bundles, use);
  return used ? used : FailAt(name, used);
}

Result<JsonDocument> ReadJsonFile(const std::filesystem::path& path) {
  CLINNOVA_ASSIGN(Bytes bytes, Bytes::Open(path));
  std::string text;
  const auto read = Rest(bytes, text);
  if (!read) return FailAt(path.string(), read);
  auto document = ParseJsonTree(text);
  if (!document) return FailAt(path.string(), document);
  return document;
}

}  // namespace clinnova::intake
