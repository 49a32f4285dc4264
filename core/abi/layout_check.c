/* The frozen layout of plugin_abi.h on LP64, checked while compiling: once as C11 and once as
 * C++20. A released number never changes; a struct that grows gets a new line at its end. */
#include <strata/plugin_abi.h>

#ifdef __cplusplus
#define CHECK(cond) static_assert(cond, #cond)
#else
#define CHECK(cond) _Static_assert(cond, #cond)
#endif
#define SIZE(type, n) CHECK(sizeof(type) == (n))
#define AT(type, field, n) CHECK(offsetof(type, field) == (n))

CHECK(sizeof(void*) == 8 && sizeof(size_t) == 8);

SIZE(strata_bytes, 16);
AT(strata_bytes, size, 8);
SIZE(strata_str, 16);
AT(strata_str, size, 8);
SIZE(strata_kv, 32);
AT(strata_kv, value, 16);

SIZE(strata_status, 40);
AT(strata_status, code, 4);
AT(strata_status, message, 8);
AT(strata_status, details, 24);

SIZE(strata_call_ops, 72);
AT(strata_call_ops, write, 8);
AT(strata_call_ops, read, 16);
AT(strata_call_ops, cancelled, 24);
AT(strata_call_ops, on_cancel, 32);
AT(strata_call_ops, off_cancel, 40);
AT(strata_call_ops, set_status, 48);
AT(strata_call_ops, set_trailer, 56);
AT(strata_call_ops, finish, 64);

SIZE(strata_call, 96);
AT(strata_call, flags, 4);
AT(strata_call, ops, 8);
AT(strata_call, method, 16);
AT(strata_call, request, 24);
AT(strata_call, deadline_us, 40);
AT(strata_call, metadata, 48);
AT(strata_call, metadata_count, 56);
AT(strata_call, auth, 64);
AT(strata_call, parent, 80);
AT(strata_call, host_ref, 88);

SIZE(strata_host, 160);
AT(strata_host, abi_minor, 4);
AT(strata_host, product, 8);
AT(strata_host, version, 24);
AT(strata_host, slot, 40);
AT(strata_host, package_dir, 56);
AT(strata_host, state_dir, 72);
AT(strata_host, now_us, 88);
AT(strata_host, log, 96);
AT(strata_host, resolve, 104);
AT(strata_host, call, 112);
AT(strata_host, metric, 120);
AT(strata_host, metric_add, 128);
AT(strata_host, submit, 136);
AT(strata_host, set_health, 144);
AT(strata_host, extension, 152);

SIZE(strata_method, 24);
AT(strata_method, kind, 16);
AT(strata_method, flags, 20);

SIZE(strata_descriptor, 136);
AT(strata_descriptor, id, 8);
AT(strata_descriptor, version, 24);
AT(strata_descriptor, layer, 40);
AT(strata_descriptor, contracts_version, 56);
AT(strata_descriptor, methods, 72);
AT(strata_descriptor, method_count, 80);
AT(strata_descriptor, file_descriptor_set, 88);
AT(strata_descriptor, config_schema, 104);
AT(strata_descriptor, build_info, 120);

SIZE(strata_plugin, 88);
AT(strata_plugin, desc, 8);
AT(strata_plugin, create, 16);
AT(strata_plugin, start, 24);
AT(strata_plugin, health, 32);
AT(strata_plugin, reconfigure, 40);
AT(strata_plugin, handle, 48);
AT(strata_plugin, drain, 56);
AT(strata_plugin, stop, 64);
AT(strata_plugin, destroy, 72);
AT(strata_plugin, extension, 80);

SIZE(strata_ext_secrets, 16);
AT(strata_ext_secrets, get, 8);
SIZE(strata_format_state, 32);
AT(strata_format_state, writes, 4);
AT(strata_format_state, lowest, 8);
AT(strata_format_state, done, 16);
AT(strata_format_state, total, 24);
SIZE(strata_ext_migrate, 32);
AT(strata_ext_migrate, state, 8);
AT(strata_ext_migrate, write, 16);
AT(strata_ext_migrate, step, 24);
SIZE(strata_ext_handover, 32);
AT(strata_ext_handover, release, 8);
AT(strata_ext_handover, acquire, 16);
AT(strata_ext_handover, reacquire, 24);

CHECK(STRATA_PENDING == -1 && STRATA_OK == 0 && STRATA_UNAUTHENTICATED == 16);

/* STRATA_HAS must compile without a warning in both languages and ask for the end of a field. */
int strata_layout_check(const strata_status* status, const strata_call_ops* ops);
int strata_layout_check(const strata_status* status, const strata_call_ops* ops) {
  return STRATA_HAS(status, details) && STRATA_HAS(ops, finish);
}
