/* Loaded into linux.uml in front of the C library: lets its 6.1 kernel run on processors with large register sets.
 *
 * User Mode Linux writes the extended registers of its processes with PTRACE_SETREGSET, 2,696 bytes of them: what a
 * processor with AVX-512 has. The running kernel takes nothing but the full size of the processor's area
 * (xstateregs_set() in arch/x86/kernel/fpu/regset.c, else EFAULT), which AMX makes 11,008 bytes. Without this the guest's
 * init dies of "ptrace set fp regs failed, errno = 14". What is missing is added here as zeroes: no guest can have asked
 * for the use of what lies beyond, and the header, which is in the first part, says that nothing there is in use.
 *
 * Needs no headers of the C library, so a compiler is all it takes.
 */
#include <stdarg.h>
#include <stddef.h>

struct iovec {
	void *base;
	size_t length;
};
typedef long (*ptrace_function)(long request, int pid, void *address, void *data);

void *dlsym(void *handle, const char *name);
void *memcpy(void *to, const void *from, size_t length);

#define RTLD_NEXT ((void *)-1)
#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define NT_X86_XSTATE ((void *)0x202)

/* How large this processor's area is: a read that has room for more is told what there is. */
static size_t full_size(ptrace_function library, int pid)
{
	static size_t size;
	static char room[1 << 16];
	struct iovec all = { room, sizeof(room) };

	if (size == 0 && library(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) == 0)
		size = all.length;
	return size;
}

long ptrace(long request, ...)
{
	static ptrace_function library;
	static char area[1 << 16];
	va_list rest;

	va_start(rest, request);
	int pid = va_arg(rest, int);
	void *address = va_arg(rest, void *);
	void *data = va_arg(rest, void *);
	va_end(rest);
	if (library == NULL)
		library = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_SETREGSET && address == NT_X86_XSTATE) {
		struct iovec *given = data;
		struct iovec whole = { area, full_size(library, pid) };
		if (given->length < whole.length) {
			memcpy(area, given->base, given->length);
			return library(request, pid, address, &whole);
		}
	}
	return library(request, pid, address, data);
}
