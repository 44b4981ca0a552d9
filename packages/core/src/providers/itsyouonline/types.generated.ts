// Made by scripts/openapi/generate.mjs: change the table or its conversion instead.
export interface components {
    schemas: {
        Label: string;
        Avatar: {
            label: components["schemas"]["Label"];
            source: string;
        };
        UserAPIKey: {
            label: string;
            scopes: string[];
            applicationid: string;
            apikey: string;
            username: string;
        };
        PublicKey: {
            label: components["schemas"]["Label"];
            publickey: string;
        };
        AuthorizationMap: {
            requestedlabel: string;
            reallabel: string;
            scope?: string;
        };
        DigitalWalletAuthorization: {
            requestedlabel: string;
            reallabel: string;
            scope?: string;
            currency: string;
        };
        Authorization: {
            addresses?: components["schemas"]["AuthorizationMap"][];
            bankaccounts?: components["schemas"]["AuthorizationMap"][];
            digitalwallet?: components["schemas"]["DigitalWalletAuthorization"][];
            emailaddresses?: components["schemas"]["AuthorizationMap"][];
            validatedemailaddresses?: components["schemas"]["AuthorizationMap"][];
            facebook?: boolean;
            github?: boolean;
            grantedTo: string;
            organizations: string[];
            phonenumbers?: components["schemas"]["AuthorizationMap"][];
            validatedphonenumbers?: components["schemas"]["AuthorizationMap"][];
            publicKeys?: components["schemas"]["AuthorizationMap"][];
            username: string;
            name: boolean;
            ownerof: components["schemas"]["Ownerof"];
            avatars?: components["schemas"]["AuthorizationMap"][];
            keystore?: boolean;
            see?: boolean;
        };
        BankAccount: {
            iban: string;
            bic: string;
            country: string;
            label: components["schemas"]["Label"];
        };
        DigitalAssetAddress: {
            address: string;
            label: components["schemas"]["Label"];
            /** Format: date-time */
            expire: string;
            currencysymbol: string;
            noexpiration?: boolean;
        };
        Phonenumber: {
            phonenumber: string;
            label: components["schemas"]["Label"];
        };
        Address: {
            city: string;
            country: string;
            nr: string;
            other: string;
            postalcode: string;
            street: string;
            label: components["schemas"]["Label"];
        };
        FacebookAccount: {
            id: string;
            name: string;
            picture: string;
            link: string;
        };
        GithubAccount: {
            login: string;
            id: number;
            avatar_url: string;
            html_url: string;
            name: string;
        };
        EmailAddress: {
            label: components["schemas"]["Label"];
            emailaddress: string;
        };
        User: {
            addresses: components["schemas"]["Address"][];
            bankaccounts: components["schemas"]["BankAccount"][];
            emailaddresses: components["schemas"]["EmailAddress"][];
            facebook: components["schemas"]["FacebookAccount"];
            github: components["schemas"]["GithubAccount"];
            phonenumbers: components["schemas"]["Phonenumber"][];
            digitalwallet: components["schemas"]["DigitalAssetAddress"][];
            publicKeys: components["schemas"]["PublicKey"][];
            username: string;
            firstname: string;
            lastname: string;
            avatars: components["schemas"]["Avatar"][];
        };
        userview: {
            addresses: components["schemas"]["Address"][];
            bankaccounts: components["schemas"]["BankAccount"][];
            digitalwallet: components["schemas"]["DigitalAssetAddress"][];
            emailaddresses: components["schemas"]["EmailAddress"][];
            validatedemailaddresses: components["schemas"]["EmailAddress"][];
            facebook: components["schemas"]["FacebookAccount"];
            github: components["schemas"]["GithubAccount"];
            organizations: string[];
            phonenumbers: components["schemas"]["Phonenumber"][];
            validatedphonenumbers: components["schemas"]["Phonenumber"][];
            publicKeys: components["schemas"]["PublicKey"][];
            username: string;
            firstname: string;
            lastname: string;
            ownerof: components["schemas"]["Ownerof"];
            avatar: components["schemas"]["Avatar"][];
        };
        Ownerof: {
            emailaddresses: string[];
        };
        JoinOrganizationInvitation: {
            organization: string;
            /** @enum {string} */
            role: "owner" | "member" | "orgowner" | "orgmember";
            user: string;
            /** @enum {string} */
            status: "pending" | "accepted" | "rejected";
            /** Format: date-time */
            created: string;
            /** @enum {string} */
            method: "website" | "email" | "phone";
            emailaddress: string;
            phonenumber: string;
            isorganization: boolean;
        };
        ContractSigningRequest: {
            contractId: string;
            party: string;
        };
        Organization: {
            dns: string[];
            globalid: string;
            members: string[];
            owners: string[];
            publicKeys: string[];
            secondsvalidity: number;
            orgowners: string[];
            orgmembers: string[];
            requiredscopes: components["schemas"]["RequiredScope"][];
            includesuborgsof: string[];
        };
        OrganizationUser: {
            username: string;
            role: string;
            missingscopes: string[];
        };
        GetOrganizationUsersResponseBody: {
            haseditpermissions: boolean;
            users: components["schemas"]["OrganizationUser"][];
        };
        OrganizationTreeItem: {
            globalid: string;
            children: components["schemas"]["OrganizationTreeItem"][];
        };
        Member: {
            username: string;
        };
        OrganizationAPIKey: {
            callbackURL?: string;
            /** @default false */
            clientCredentialsGrantType?: boolean;
            label: string;
            secret?: string;
        };
        DnsAddress: {
            name: string;
        };
        KeyStoreKey: {
            key: string;
            globalid: string;
            username: string;
            label: components["schemas"]["Label"];
            keydata: components["schemas"]["KeyData"];
        };
        KeyData: {
            /** Format: date-time */
            timestamp?: string;
            comment?: string;
            algorithm: string;
        };
        Company: {
            globalid: string;
            publicKeys: string[];
            /** Format: date-time */
            expire?: string;
            organizations?: string[];
            info?: string[];
            taxnr?: string;
        };
        companyview: components["schemas"]["Company"];
        Signature: {
            signedBy: string;
            /** Format: date-time */
            date: string;
            publicKey: string;
            signature: string;
        };
        Party: {
            Type: string;
            Name: string;
        };
        Contract: {
            content: string;
            contractType: string;
            /** Format: date-time */
            expires: string;
            extends: string[];
            invalidates: string[];
            parties: components["schemas"]["Party"][];
            contractId: string;
            signatures: components["schemas"]["Signature"][];
        };
        Error: {
            error: string;
        };
        RegistryEntry: {
            Key: string;
            Value: string;
        };
        RequiredScope: {
            scope: string;
            accessscopes: string[];
        };
        LocalizedInfoText: {
            langkey: string;
            text: string;
        };
        Membership: {
            username: string;
            role: string;
        };
        MissingScopes: {
            organization: string;
            scopes: string[];
        };
        SeeVersion: {
            version: number;
            category: string;
            link: string;
            content_type: string;
            markdown_short_description: string;
            markdown_full_description: string;
            creation_date: string;
            start_date: string;
            end_date: string;
            keystore_label: string;
            signature: string;
        };
        See: {
            username: string;
            globalid: string;
            uniqueid: string;
            versions: components["schemas"]["SeeVersion"][];
        };
        SeeView: {
            username: string;
            globalid: string;
            uniqueid: string;
            version: number;
            category: string;
            link: string;
            content_type: string;
            markdown_short_description: string;
            markdown_full_description: string;
            creation_date: string;
            start_date: string;
            end_date: string;
            keystore_label: string;
            signature: string;
        };
        IyoID: {
            username: string;
            iyoids: string[];
            azp: string;
        };
        IsMember: {
            IsMember: boolean;
        };
        ValidityTime: {
            secondsvalidity: number;
        };
        APIKeyLabel: string;
        OrganizationLogo: {
            logo: string;
        };
        Notification: {
            invitations: components["schemas"]["JoinOrganizationInvitation"][];
            approvals: components["schemas"]["JoinOrganizationInvitation"][];
            contractRequests: components["schemas"]["ContractSigningRequest"][];
            missingscopes: components["schemas"]["MissingScopes"][];
            organizationinvitations?: components["schemas"]["JoinOrganizationInvitation"][];
        };
        PhoneNumberValidation: {
            validationkey: string;
        };
        TOTPSecret: {
            totpcode: string;
            totpsecret: string;
        };
        TwoFAMethods: {
            totp: boolean;
            sms: components["schemas"]["Phonenumber"][];
        };
        UserOrganizations: {
            owner: string[];
            member: string[];
        };
        Grant: string;
        UserGrants: components["schemas"]["Grant"][];
        CreateGrantBody: {
            username: string;
            grant: components["schemas"]["Grant"];
        };
        UpdateGrantBody: {
            username: string;
            oldgrant: components["schemas"]["Grant"];
            newgrant: components["schemas"]["Grant"];
        };
        TOTPView: {
            totpsecret: string;
            totpissuer: string;
        };
        UserInput: {
            addresses?: components["schemas"]["Address"][];
            bankaccounts?: components["schemas"]["BankAccount"][];
            emailaddresses?: components["schemas"]["EmailAddress"][];
            facebook?: components["schemas"]["FacebookAccount"];
            github?: components["schemas"]["GithubAccount"];
            phonenumbers?: components["schemas"]["Phonenumber"][];
            digitalwallet?: components["schemas"]["DigitalAssetAddress"][];
            publicKeys?: components["schemas"]["PublicKey"][];
            username: string;
            firstname?: string;
            lastname?: string;
            avatars?: components["schemas"]["Avatar"][];
        };
        ContractInput: {
            content: string;
            contractType: string;
            /** Format: date-time */
            expires: string;
            extends?: string[];
            invalidates?: string[];
            parties: components["schemas"]["Party"][];
            contractId: string;
            signatures?: components["schemas"]["Signature"][];
        };
        AuthorizationInput: {
            addresses?: components["schemas"]["AuthorizationMap"][];
            bankaccounts?: components["schemas"]["AuthorizationMap"][];
            digitalwallet?: components["schemas"]["DigitalWalletAuthorization"][];
            emailaddresses?: components["schemas"]["AuthorizationMap"][];
            validatedemailaddresses?: components["schemas"]["AuthorizationMap"][];
            facebook?: boolean;
            github?: boolean;
            grantedTo?: string;
            organizations?: string[];
            phonenumbers?: components["schemas"]["AuthorizationMap"][];
            validatedphonenumbers?: components["schemas"]["AuthorizationMap"][];
            publicKeys?: components["schemas"]["AuthorizationMap"][];
            username?: string;
            name?: boolean;
            ownerof?: components["schemas"]["Ownerof"];
            avatars?: components["schemas"]["AuthorizationMap"][];
            keystore?: boolean;
            see?: boolean;
        };
        JoinOrganizationInvitationInput: {
            organization?: string;
            /** @enum {string} */
            role?: "owner" | "member" | "orgowner" | "orgmember";
            user?: string;
            /** @enum {string} */
            status?: "pending" | "accepted" | "rejected";
            /** Format: date-time */
            created?: string;
            /** @enum {string} */
            method?: "website" | "email" | "phone";
            emailaddress?: string;
            phonenumber?: string;
            isorganization?: boolean;
        };
        KeyStoreKeyInput: {
            key: string;
            globalid?: string;
            username?: string;
            label: components["schemas"]["Label"];
            keydata: components["schemas"]["KeyData"];
        };
        SeeViewInput: {
            username?: string;
            globalid?: string;
            uniqueid?: string;
            version?: number;
            category?: string;
            link?: string;
            content_type?: string;
            markdown_short_description?: string;
            markdown_full_description?: string;
            creation_date?: string;
            start_date?: string;
            end_date?: string;
            keystore_label?: string;
            signature?: string;
        };
        OrganizationInput: {
            dns?: string[];
            globalid: string;
            members?: string[];
            owners?: string[];
            publicKeys?: string[];
            secondsvalidity?: number;
            orgowners?: string[];
            orgmembers?: string[];
            requiredscopes?: components["schemas"]["RequiredScope"][];
            includesuborgsof?: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    CreateUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
        };
    };
    GetAvatarImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": Blob;
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
        };
    };
    UpdateUserName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    firstname: string;
                    lastname: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdatePassword: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    currentpassword: string;
                    newpassword: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    GetEmailAddresses: {
        parameters: {
            query?: {
                validated?: true;
            };
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailAddress"][];
                };
            };
        };
    };
    RegisterNewEmailAddress: {
        parameters: {
            query: {
                lang: string;
            };
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailAddress"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailAddress"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateEmailAddress: {
        parameters: {
            query: {
                lang: string;
            };
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailAddress"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailAddress"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteEmailAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ValidateEmailAddress: {
        parameters: {
            query: {
                lang: string;
            };
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListAPIKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAPIKey"][];
                };
            };
        };
    };
    AddApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label: components["schemas"]["Label"];
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAPIKey"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetAPIkey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAPIKey"];
                };
            };
        };
    };
    UpdateAPIkey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label: components["schemas"]["Label"];
                };
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteAPIkey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetAvatars: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Avatar"][];
                };
            };
        };
    };
    CreateAvatarFromLink: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Avatar"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    CreateAvatarFromImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Refused. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateAvatarLink: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Avatar"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    DeleteAvatar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateAvatarFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
                newlabel: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Refused. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListUserRegistry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"][];
                };
            };
        };
    };
    AddUserRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistryEntry"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteUserRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteGithubAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteFacebookAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetTwoFAMethods: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TwoFAMethods"];
                };
            };
        };
    };
    GetTOTPSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TOTPView"];
                };
            };
        };
    };
    SetupTOTP: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TOTPSecret"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    RemoveTOTP: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserInformation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["userview"];
                };
            };
        };
    };
    GetUserAddresses: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Address"][];
                };
            };
        };
    };
    RegisterNewUserAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Address"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Address"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserAddressByLabel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Address"];
                };
            };
        };
    };
    UpdateUserAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Address"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteUserAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetDigitalWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DigitalAssetAddress"][];
                };
            };
        };
    };
    RegisterNewDigitalAssetAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DigitalAssetAddress"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DigitalAssetAddress"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetDigitalAssetAddressByLabel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DigitalAssetAddress"];
                };
            };
        };
    };
    UpdateDigitalAssetAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DigitalAssetAddress"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteDigitalAssetAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserPhoneNumbers: {
        parameters: {
            query?: {
                validated?: true;
            };
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Phonenumber"][];
                };
            };
        };
    };
    RegisterNewUserPhonenumber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Phonenumber"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Phonenumber"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserPhonenumberByLabel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Phonenumber"];
                };
            };
        };
    };
    UpdateUserPhonenumber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Phonenumber"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Phonenumber"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteUserPhonenumber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    VerifyPhoneNumber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    smscode: string;
                    validationkey: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ValidatePhonenumber: {
        parameters: {
            query?: {
                lang?: string;
            };
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PhoneNumberValidation"];
                };
            };
        };
    };
    GetUserBankAccounts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"][];
                };
            };
        };
    };
    CreateUserBankAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BankAccount"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
        };
    };
    GetUserBankAccountByLabel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
        };
    };
    UpdateUserBankAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BankAccount"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteUserBankAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetNotifications: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notification"];
                };
            };
        };
    };
    GetUserContracts: {
        parameters: {
            query?: {
                includeExpired?: boolean;
                start?: number;
                max?: number;
            };
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Contract"][];
                };
            };
        };
    };
    CreateUserContract: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ContractInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Contract"];
                };
            };
            /** @description Refused. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetAllAuthorizations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Authorization"][];
                };
            };
        };
    };
    GetAuthorization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                grantedTo: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Authorization"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateAuthorization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                grantedTo: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AuthorizationInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Authorization"];
                };
            };
        };
    };
    DeleteAuthorization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                grantedTo: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserOrganizations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserOrganizations"];
                };
            };
        };
    };
    LeaveOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    AcceptMembership: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                globalid: string;
                role: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JoinOrganizationInvitationInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"];
                };
            };
        };
    };
    RejectMembership: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                globalid: string;
                role: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListPublicKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicKey"][];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AddPublicKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublicKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicKey"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetPublicKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicKey"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdatePublicKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublicKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicKey"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeletePublicKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetKeyStore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyStoreKey"][];
                };
            };
        };
    };
    SaveKeyStoreKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyStoreKeyInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyStoreKey"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetKeyStoreKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyStoreKey"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetSeeObjects: {
        parameters: {
            query: {
                globalid: string;
            };
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeeView"][];
                };
            };
        };
    };
    CreateSeeObject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SeeViewInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeeView"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetSeeObject: {
        parameters: {
            query?: {
                version?: number;
            };
            header?: never;
            path: {
                username: string;
                uniqueid: string;
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["See"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateSeeObject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                uniqueid: string;
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SeeViewInput"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeeView"];
                };
            };
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeeView"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SignSeeObject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
                uniqueid: string;
                globalid: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SeeViewInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeeView"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListIyoIds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IyoID"];
                };
            };
        };
    };
    GenerateIyoID: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IyoID"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    LookupIyoID: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identifier: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IyoID"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    CreateNewOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description Refused. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
        };
    };
    CreateNewSubOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    DeleteOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateUserGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateGrantBody"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserGrants"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    CreateUserGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateGrantBody"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserGrants"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetUserGrants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserGrants"];
                };
            };
        };
    };
    DeleteAllUserGrants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteUserGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
                grant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListUsersWithGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                grant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string[];
                };
            };
        };
    };
    UpdateDescription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LocalizedInfoText"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LocalizedInfoText"];
                };
            };
        };
    };
    SetDescription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LocalizedInfoText"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LocalizedInfoText"];
                };
            };
        };
    };
    GetDescription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                langkey: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LocalizedInfoText"];
                };
            };
        };
    };
    DeleteDescription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                langkey: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetDescriptionWithFallback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                langkey: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LocalizedInfoText"];
                };
            };
        };
    };
    GetOrganizationLogo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationLogo"];
                };
            };
        };
    };
    SetOrganizationLogo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationLogo"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrganizationLogo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    Get2faValidityTime: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidityTime"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    Set2faValidityTime: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidityTime"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateOrganizationOrgMemberShip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    org: string;
                    role: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SetOrgMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    orgmember: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"] | null;
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AddIncludeSubOrgsOf: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    globalid: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    RemoveIncludeSubOrgsOf: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                orgmember: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrgMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                globalid2: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationUsers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetOrganizationUsersResponseBody"];
                };
            };
        };
    };
    UserIsMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IsMember"];
                };
            };
        };
    };
    SetOrgOwner: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    orgowner: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"] | null;
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrgOwner: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                globalid2: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AcceptOrganizationInvite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                invitingorg: string;
                role: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JoinOrganizationInvitationInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    RejectOrganizationInvite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                invitingorg: string;
                role: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateOrganizationMemberShip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Membership"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    AddOrganizationMember: {
        parameters: {
            query?: {
                invitenotification?: string;
            };
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    searchstring: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    RemoveOrganizationMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AddOrganizationOwner: {
        parameters: {
            query?: {
                invitenotification?: string;
            };
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    searchstring: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    RemoveOrganizationOwner: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationContracts: {
        parameters: {
            query?: {
                includeExpired?: boolean;
                start?: number;
                max?: number;
            };
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Contract"][];
                };
            };
        };
    };
    CreateOrganizationContracty: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ContractInput"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Contract"];
                };
            };
        };
    };
    GetInvitations: {
        parameters: {
            query?: {
                status?: "pending" | "accepted" | "rejected";
            };
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinOrganizationInvitation"][];
                };
            };
        };
    };
    RemovePendingOrganizationInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationAPIKeyLabels: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["APIKeyLabel"][];
                };
            };
        };
    };
    CreateNewOrganizationAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationAPIKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationAPIKey"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationAPIKey"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateOrganizationAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationAPIKey"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrganizationAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ListOrganizationRegistry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"][];
                };
            };
        };
    };
    AddOrganizationRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistryEntry"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryEntry"];
                };
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrganizationRegistryEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    CreateOrganizationDns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DnsAddress"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DnsAddress"];
                };
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateOrganizationDns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                dnsname: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DnsAddress"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteOrganizationDns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                dnsname: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    GetOrganizationTree: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationTreeItem"];
                };
            };
        };
    };
    AddRequiredScope: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequiredScope"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UpdateRequiredScope: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                requiredscope: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequiredScope"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    DeleteRequiredScope: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                globalid: string;
                requiredscope: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
