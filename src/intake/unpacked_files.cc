// SPDX-License-Identifier: Apache-2.0
#include "intake/unpacked_files.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZstandard = "\x28\xb5\x2f\xfd";
constexpr std::size_t kBlock = 1 << 18;

tl::unexpected<Error> Damaged(const std::string& name, const std::string& what) {
  return Fail(ErrorCode::kInvalidInput,
              name + ": a compressed file that is cut or damaged: " + what);
}

struct CloseGzip {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

Result<void> UnpackGzip(const fs::path& path, const std::string& name, std::ostream& out) {
  const std::unique_ptr<gzFile_s, CloseGzip> file(gzopen(path.c_str(), "rb"));
  if (!file) return Fail(ErrorCode::kFailed, name + ": cannot be read: " + std::strerror(errno));
  std::vector<char> block(kBlock);
  for (;;) {
    const int read = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    int error = Z_OK;
    const std::string words = gzerror(file.get(), &error);  // "PATH: what it is"
    if (error != Z_OK && error != Z_STREAM_END) {
      const std::size_t colon = words.rfind(": ");
      return Damaged(name, colon == words.npos ? words : words.substr(colon + 2));
    }
    if (read <= 0) return {};
    out.write(block.data(), read);
  }
}

struct FreeZstandard {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<void> UnpackZstandard(const fs::path& path, const std::string& name, std::ostream& out) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kFailed, name + ": cannot be read: " + std::strerror(errno));
  const std::unique_ptr<ZSTD_DCtx, FreeZstandard> context(ZSTD_createDCtx());
  std::vector<char> packed(ZSTD_DStreamInSize()), block(ZSTD_DStreamOutSize());
  std::size_t wanted = 0;  // 0: at the end of a frame
  while (file.read(packed.data(), static_cast<std::streamsize>(packed.size())) ||
         file.gcount() > 0) {
    ZSTD_inBuffer input{packed.data(), static_cast<std::size_t>(file.gcount()), 0};
    // A full block may leave more in the context than the input's end tells.
    for (bool more = true; more || input.pos < input.size;) {
      ZSTD_outBuffer output{block.data(), block.size(), 0};
      wanted = ZSTD_decompressStream(context.get(), &output, &input);
      if (ZSTD_isError(wanted)) return Damaged(name, ZSTD_getErrorName(wanted));
      out.write(block.data(), static_cast<std::streamsize>(output.pos));
      more = output.pos == output.size;
    }
  }
  if (wanted != 0) return Damaged(name, "unexpected end of file");
  return {};
}

/// "labor.csv.gz" unpacked is "labor.csv".
std::string UnpackedName(const fs::path& path) {
  const std::string extension = path.extension().string();
  const bool says = extension == ".gz" || extension == ".zst" || extension == ".zstd";
  return (says ? path.stem() : path.filename()).string();
}

}  // namespace

bool LooksCompressed(std::string_view head) {
  return head.starts_with(kGzip) || head.starts_with(kZstandard);
}

UnpackedFiles::~UnpackedFiles() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<fs::path> UnpackedFiles::NewFolder() {
  std::error_code error;
  if (folder_.empty()) {
    const fs::path folder = parent_ / ("unpacked." + std::to_string(::getpid()));
    if (!fs::create_directory(folder, error) || error) {
      return Fail(ErrorCode::kFailed, folder.string() + ": cannot be made: " + error.message());
    }
    folder_ = folder;
    fs::permissions(folder_, fs::perms::owner_all, error);
  }
  const fs::path own = folder_ / std::to_string(count_++);
  if (!error) fs::create_directory(own, error);
  if (error) return Fail(ErrorCode::kFailed, own.string() + ": cannot be made: " + error.message());
  return own;
}

Result<fs::path> UnpackedFiles::Unpack(const fs::path& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  std::string head(4, '\0');
  file.read(head.data(), 4);
  CLINNOVA_ASSIGN(const fs::path folder, NewFolder());
  fs::path copy = folder / UnpackedName(path);
  std::ofstream out(copy, std::ios::binary);
  CLINNOVA_TRY(head.starts_with(kZstandard) ? UnpackZstandard(path, name, out)
                                            : UnpackGzip(path, name, out));
  out.close();
  if (!out) return Fail(ErrorCode::kFailed, copy.string() + ": cannot be written");
  return copy;
}

}  // namespace clinnova::intake
