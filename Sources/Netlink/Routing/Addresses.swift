import CMnl
import Glibc
package import Mesh

extension NetlinkSocket {
    /// Whether any interface of the socket's namespace has an address of this family. Where IPv6 is off not even the
    /// loopback interface has one.
    package borrowing func hasAddress(of family: IPAddress.Family) throws(NetlinkError) -> Bool {
        let number = UInt8(family == .v4 ? AF_INET : AF_INET6)
        var isThere = false
        let request = NetlinkRequest("list the addresses for \(family)", type: RTM_GETADDR, flags: NLM_F_DUMP)
        unsafe try dump(
            request,
            write: { header in
                var form = ifaddrmsg()
                form.ifa_family = number
                unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<ifaddrmsg>.size)?
                    .storeBytes(of: form, as: ifaddrmsg.self)
            },
            restart: { isThere = false },
            visit: { message throws(NetlinkError) in
                // The family is the first byte of the message.
                isThere = isThere || message.type == UInt16(RTM_NEWADDR) && message.payload.first == number
            })
        return isThere
    }
}
